import type { SteadyMs } from "../../core/clock.ts";

/** How long a value counts at least; at most twice as long. */
const WINDOW_MS = 15_000;
/** And for how many later ones: a camera may send one every five seconds. */
const WINDOW_VALUES = 16;

/** The least of the values of about the last 15 to 30 s and 16 to 32 values, in constant memory. */
export class WindowedMinimum {
  #sinceMs: SteadyMs | null = null;
  #values = 0;
  #current = Infinity;
  #previous = Infinity;

  note(value: number, atMs: SteadyMs): void {
    const isOver = this.#sinceMs === null || atMs - this.#sinceMs > WINDOW_MS;
    if (isOver && this.#values >= WINDOW_VALUES) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#sinceMs = atMs;
      this.#values = 0;
    }
    this.#values++;
    this.#current = Math.min(this.#current, value);
  }

  /** Infinity before the first. */
  get value(): number {
    return Math.min(this.#current, this.#previous);
  }
}
