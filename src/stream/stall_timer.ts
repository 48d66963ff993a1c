import type { Cancel, Clock, SteadyMs } from "../core/clock.ts";

/** Runs `onStall` once when no usable frame came for the given time. */
export class StallTimer {
  isStalled = false;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #onStall: () => void;
  #lastAtMs: SteadyMs;
  #cancel: Cancel;

  constructor(clock: Clock, timeoutMs: number, onStall: () => void) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#onStall = onStall;
    this.#lastAtMs = clock.nowMs();
    this.#cancel = this.#arm(timeoutMs);
  }

  /** A usable frame arrived at this instant. */
  frame(atMs: SteadyMs): void {
    if (atMs > this.#lastAtMs) this.#lastAtMs = atMs;
  }

  stop(): void {
    this.#cancel();
  }

  /** Armed once for each timeout, not for each frame: a cancelled timer wakes the thread as well. */
  #arm(delayMs: number): Cancel {
    return this.#clock.after(delayMs, () => {
      const leftMs = this.#lastAtMs + this.#timeoutMs - this.#clock.nowMs();
      if (leftMs > 0) {
        this.#cancel = this.#arm(leftMs);
        return;
      }
      this.isStalled = true;
      this.#onStall();
    });
  }
}
