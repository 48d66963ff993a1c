import type { Clock } from "../../core/clock.ts";
import { type ErrorData, errorFromData, StreamError } from "../../core/errors.ts";

/** How long a picture may take: a decoder that slept waits for the next keyframe. */
const PICTURE_TIMEOUT_MS = 15_000;

/** Snapshots that were asked of a camera's thread and have not come yet. */
export class SnapshotRequests {
  readonly #camera: string;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, PromiseWithResolvers<ArrayBuffer>>();
  #made = 0;

  constructor(camera: string, clock: Clock) {
    this.#camera = camera;
    this.#clock = clock;
  }

  /**
   * Asks for a picture and waits for it.
   * @param post   sends the request of that number to the thread
   * @param state  the camera's state, for the error
   * @throws OrionError when none came in time, or the thread could not make one
   */
  async ask(post: (request: number) => void, state: () => string): Promise<ArrayBuffer> {
    const request = this.#made++;
    const picture = Promise.withResolvers<ArrayBuffer>();
    this.#waiting.set(request, picture);
    const cancel = this.#clock.after(
      PICTURE_TIMEOUT_MS,
      () => picture.reject(this.#tooLate(state())),
    );
    try {
      post(request);
      return await picture.promise;
    } finally {
      cancel();
      this.#waiting.delete(request);
    }
  }

  /** The thread answered; an answer nobody waits for any more is dropped. */
  answer(
    request: number,
    picture: { readonly bytes: ArrayBuffer } | { readonly error: ErrorData },
  ): void {
    const waiting = this.#waiting.get(request);
    if ("bytes" in picture) waiting?.resolve(picture.bytes);
    else waiting?.reject(errorFromData(picture.error));
  }

  #tooLate(state: string): StreamError {
    return new StreamError({
      code: "STREAM_NO_PICTURE",
      message: `Cannot take a picture of camera "${this.#camera}": none came within ` +
        `${PICTURE_TIMEOUT_MS / 1000} s, its state is ${state}`,
      retryable: true,
      remedy: "Look at the camera's status, and try again when it is online.",
    });
  }
}
