import { type ErrorData, errorData } from "../core/errors.ts";
import { encodeJpeg } from "../libav/jpeg.ts";
import type { Libav } from "../libav/library.ts";
import type { SharedFrame } from "./shared_frame.ts";

/** A frame as a JPEG, or why there is none. The receiver owns the bytes. */
export type Snapshot = { readonly bytes: ArrayBuffer } | { readonly error: ErrorData };

/** Wants a frame although no detector is due: for a snapshot or a live picture. */
export interface FrameWish {
  /** Whether the next frame is to be decoded for it. */
  readonly isWanted: boolean;
  /** Offers a decoded frame, which stays the caller's. */
  offer(frame: SharedFrame): void;
}

/** Several wishes as one. */
export class FrameWishes implements FrameWish {
  readonly #wishes: readonly FrameWish[];

  constructor(...wishes: readonly FrameWish[]) {
    this.#wishes = wishes;
  }

  get isWanted(): boolean {
    for (const wish of this.#wishes) if (wish.isWanted) return true;
    return false;
  }

  offer(frame: SharedFrame): void {
    for (const wish of this.#wishes) wish.offer(frame);
  }
}

/** Pending requests at most: all of them are answered with the same frame. */
const MAX_PENDING = 16;

/** Encodes the next decoded frame, once, for all pending requests. */
export class Snapshots implements FrameWish {
  readonly #libav: Libav;
  readonly #onRequested: () => void;
  #pending: ((snapshot: Snapshot) => void)[] = [];

  /** @param onRequested  called with each request: the next frame is wanted */
  constructor(libav: Libav, onRequested: () => void) {
    this.#libav = libav;
    this.#onRequested = onRequested;
  }

  get isWanted(): boolean {
    return this.#pending.length > 0;
  }

  /** Requests a snapshot of the next frame. It is never answered when the stream ends first. */
  request(answer: (snapshot: Snapshot) => void): void {
    if (this.#pending.length >= MAX_PENDING) {
      return answer({
        error: {
          code: "STREAM_BUSY",
          message: "Cannot take a snapshot: too many requests are pending",
          retryable: true,
          remedy: "Wait until they are answered.",
        },
      });
    }
    this.#pending.push(answer);
    this.#onRequested();
  }

  /** Answers the pending requests with this frame. */
  offer(frame: SharedFrame): void {
    if (!this.isWanted) return;
    const pending = this.#pending;
    this.#pending = [];
    const snapshot = this.#encode(frame);
    for (const answer of pending) {
      answer("bytes" in snapshot ? { bytes: snapshot.bytes.slice(0) } : snapshot);
    }
  }

  #encode({ picture, info }: SharedFrame): Snapshot {
    try {
      return { bytes: encodeJpeg(this.#libav, picture, info.view) };
    } catch (error) {
      return { error: errorData(error) };
    }
  }
}
