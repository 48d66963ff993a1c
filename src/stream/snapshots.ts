import { type ErrorData, errorData } from "../core/errors.ts";
import { encodeJpeg } from "../libav/jpeg.ts";
import type { Libav } from "../libav/library.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** A picture as a JPEG, or why there is none. The bytes belong to whoever gets them. */
export type Snapshot = { readonly bytes: ArrayBuffer } | { readonly error: ErrorData };

/** Asked at once at most; the answer to more would only be the same picture again. */
const MAX_ASKED = 16;

/** Single pictures for people, of the next frame that is decoded. */
export class Snapshots {
  readonly #libav: Libav;
  #asked: ((picture: Snapshot) => void)[] = [];
  /** Told when somebody asks. */
  onAsked: (() => void) | null = null;

  constructor(libav: Libav) {
    this.#libav = libav;
  }

  /** Somebody waits for a picture: decoding is worth while although no detector wants a frame. */
  get wanted(): boolean {
    return this.#asked.length > 0;
  }

  /** Asks for the next picture. It never comes when the stream ends first. */
  ask(answer: (picture: Snapshot) => void): void {
    if (this.#asked.length >= MAX_ASKED) {
      return answer({
        error: {
          code: "STREAM_BUSY",
          message: "Cannot take a picture: too many were asked for at once",
          retryable: true,
          remedy: "Wait for the ones before it.",
        },
      });
    }
    this.#asked.push(answer);
    this.onAsked?.();
  }

  /** Takes the picture of this frame if one was asked for; the frame stays the caller's. */
  offer(frame: SharedFrame): void {
    if (!this.wanted) return;
    const asked = this.#asked;
    this.#asked = [];
    for (const answer of asked) {
      try {
        answer({ bytes: encodeJpeg(this.#libav, frame.picture, frame.info.view) });
      } catch (error) {
        answer({ error: errorData(error) });
      }
    }
  }
}
