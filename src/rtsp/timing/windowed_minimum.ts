import type { SteadyMs } from "../../core/clock.ts";

/** The least time that a value counts; the most is twice as long. */
const WINDOW_MS = 15_000;
/** The least number of later values for which it counts: a camera may send one every 5 s. */
const WINDOW_VALUES = 16;

/** The minimum of the last 15 to 30 s and 16 to 32 values, in constant memory. */
export class WindowedMinimum {
  #windowStart: SteadyMs | null = null;
  #count = 0;
  #current = Infinity;
  #previous = Infinity;

  add(value: number, at: SteadyMs): void {
    const isExpired = this.#windowStart === null || at - this.#windowStart > WINDOW_MS;
    if (isExpired && this.#count >= WINDOW_VALUES) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#windowStart = at;
      this.#count = 0;
    }
    this.#count++;
    this.#current = Math.min(this.#current, value);
  }

  /** Infinity before the first value. */
  get value(): number {
    return Math.min(this.#current, this.#previous);
  }
}
