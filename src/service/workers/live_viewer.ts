import type { LivePicture } from "../../core/live_types.ts";

/** One viewer of a camera. It holds one picture at most: a newer one takes the place of one that waits. */
export class LiveViewer {
  readonly boxed: boolean;
  readonly #onClose: (viewer: LiveViewer) => void;
  #newest: LivePicture | null = null;
  #waiting: ((picture: LivePicture | null) => void) | null = null;
  #isClosed = false;

  constructor(boxed: boolean, onClose: (viewer: LiveViewer) => void) {
    this.boxed = boxed;
    this.#onClose = onClose;
  }

  /** Gives it a picture, which others may have as well. */
  offer(picture: LivePicture): void {
    if (this.#isClosed || picture.boxed !== this.boxed) return;
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#newest = picture;
    else waiting(picture);
  }

  /**
   * The newest picture that it has not had; waits for one where there is none. One call at a time.
   * @returns null once it is closed
   */
  next(): Promise<LivePicture | null> {
    const newest = this.#newest;
    this.#newest = null;
    if (newest !== null || this.#isClosed) return Promise.resolve(newest);
    const { promise, resolve } = Promise.withResolvers<LivePicture | null>();
    this.#waiting = resolve;
    return promise;
  }

  /** Ends it; idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#newest = null;
    this.#waiting?.(null);
    this.#waiting = null;
    this.#onClose(this);
  }
}
