import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";

/** A camera without a usable frame for this long is silent. Longer than a socket is left unread. */
const SILENCE_MS = 1000;
/** A timer that is this late shows a busy thread: frames may wait in the socket. */
const LATE_MS = 250;

/**
 * Reports when usable frames cease to arrive, long before the camera counts as stalled, and when they arrive
 * again. The first frame is reported, too: the thread before this one may have reported a silence.
 */
export class PictureSilence {
  readonly #clock: Clock;
  readonly #report: (lastAtMs: SteadyMs | null) => void;
  #lastAtMs: SteadyMs | null = null;
  #cancel: Cancel | null = null;

  /** @param report  called with the arrival of the last frame; with null when frames arrive again */
  constructor(clock: Clock, report: (lastAtMs: SteadyMs | null) => void) {
    this.#clock = clock;
    this.#report = report;
  }

  /** A usable frame arrived. */
  frame(atMs: SteadyMs): void {
    if (this.#lastAtMs === null || atMs > this.#lastAtMs) this.#lastAtMs = atMs;
    if (this.#cancel !== null) return;
    this.#report(null);
    this.#arm(SILENCE_MS);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  /** Armed once per silence, not per frame, as a `StallTimer` is. */
  #arm(delayMs: number): void {
    const dueMs = this.#clock.nowMs() + delayMs;
    this.#cancel = this.#clock.after(delayMs, () => {
      const nowMs = this.#clock.nowMs();
      const leftMs = (this.#lastAtMs ?? nowMs) + SILENCE_MS - nowMs;
      if (leftMs > 0) return this.#arm(leftMs);
      if (nowMs - dueMs > LATE_MS) return this.#arm(SILENCE_MS);
      this.#cancel = null;
      this.#report(this.#lastAtMs);
    });
  }
}
