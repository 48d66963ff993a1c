import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";

/** Calls `onStall` once when no usable frame has arrived for the given time. */
export class StallTimer {
  isStalled = false;
  readonly #clock: Clock;
  readonly #timeoutMs: () => number;
  readonly #onStall: () => void;
  #lastAtMs: SteadyMs;
  #cancel: Cancel;

  /** @param timeoutMs  read again when the timer runs out */
  constructor(clock: Clock, timeoutMs: () => number, onStall: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
    this.#lastAtMs = clock.nowMs();
    this.#cancel = this.#arm(timeoutMs());
  }

  /** Records the arrival of a usable frame. */
  observe(atMs: SteadyMs): void {
    if (atMs > this.#lastAtMs) this.#lastAtMs = atMs;
  }

  stop(): void {
    this.#cancel();
  }

  /** Armed once per timeout, not per frame: a cancelled timer wakes the thread as well. */
  #arm(delayMs: number): Cancel {
    return this.#clock.after(delayMs, () => {
      const leftMs = this.#lastAtMs + this.#timeoutMs() - this.#clock.nowMs();
      if (leftMs > 0) {
        this.#cancel = this.#arm(leftMs);
        return;
      }
      this.isStalled = true;
      this.#onStall();
    });
  }
}
