import type { Clock } from "../../core/clock.ts";
import { type ErrorData, errorFromData, StreamError } from "../../core/errors.ts";

/** The time limit for a snapshot: a decoder that was paused waits for the next keyframe. */
const SNAPSHOT_TIMEOUT_MS = 15_000;

/** The pending snapshot requests to a camera's thread. */
export class SnapshotRequests {
  readonly #camera: string;
  readonly #clock: Clock;
  readonly #pending = new Map<number, PromiseWithResolvers<ArrayBuffer>>();
  #count = 0;

  constructor(camera: string, clock: Clock) {
    this.#camera = camera;
    this.#clock = clock;
  }

  /**
   * Requests a snapshot and waits for it, unless the camera is offline.
   * @param post   sends the request of that number to the thread
   * @param state  the camera's state
   * @throws OrionError when none came in time, or the thread could not make one
   */
  async request(post: (request: number) => void, state: () => string): Promise<ArrayBuffer> {
    if (state() === "offline") throw this.#refusal("it is offline");
    const request = this.#count++;
    const snapshot = Promise.withResolvers<ArrayBuffer>();
    this.#pending.set(request, snapshot);
    const cancel = this.#clock.after(
      SNAPSHOT_TIMEOUT_MS,
      () =>
        snapshot.reject(this.#refusal(
          `none came within ${SNAPSHOT_TIMEOUT_MS / 1000} s, its state is ${state()}`,
        )),
    );
    try {
      post(request);
      return await snapshot.promise;
    } finally {
      cancel();
      this.#pending.delete(request);
    }
  }

  /** Settles a request with the thread's answer; one that is no longer pending is ignored. */
  answer(
    request: number,
    snapshot: { readonly bytes: ArrayBuffer } | { readonly error: ErrorData },
  ): void {
    const pending = this.#pending.get(request);
    if ("bytes" in snapshot) pending?.resolve(snapshot.bytes);
    else pending?.reject(errorFromData(snapshot.error));
  }

  /** The thread is gone: it will answer none of them. */
  threadEnded(): void {
    const error = this.#refusal("its thread has ended");
    for (const pending of this.#pending.values()) pending.reject(error);
  }

  #refusal(why: string): StreamError {
    return new StreamError({
      code: "STREAM_NO_PICTURE",
      message: `Cannot take a picture of camera "${this.#camera}": ${why}`,
      retryable: true,
      remedy: "Check the camera's status, and try again when it is online.",
    });
  }
}
