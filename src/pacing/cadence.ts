import { plusMs, type SteadyMs } from "../core/clock.ts";

/** How much one interval weighs in the running average. */
const WEIGHT = 1 / 8;

/**
 * An interval this many times the average is a pause in the stream and does not change the average; a
 * second one in a row replaces it, because what came before was a burst.
 */
const PAUSE_FACTOR = 8;

/** The interval between arrivals, and when the next is expected; null while they are unknown. */
export interface CadenceView {
  readonly intervalMs: number | null;
  readonly nextAtMs: SteadyMs | null;
}

/** The running interval of a camera's packets, as observed on the clock of their arrival. */
export class Cadence implements CadenceView {
  #lastAtMs: SteadyMs | null = null;
  #intervalMs: number | null = null;
  #paused = false;

  /** Milliseconds between packets, or null before the second one. */
  get intervalMs(): number | null {
    return this.#intervalMs;
  }

  /** When the next packet is expected, or null before the second one. */
  get nextAtMs(): SteadyMs | null {
    return this.#lastAtMs === null || this.#intervalMs === null
      ? null
      : plusMs(this.#lastAtMs, this.#intervalMs);
  }

  /** Updates the interval with a packet's arrival. Ignores an instant before the last one. */
  observe(atMs: SteadyMs): void {
    const lastAtMs = this.#lastAtMs;
    if (lastAtMs !== null && atMs < lastAtMs) return;
    this.#lastAtMs = atMs;
    if (lastAtMs === null) return;
    const sinceMs = Math.max(0, atMs - lastAtMs);
    const isPause = this.#intervalMs !== null && sinceMs >= PAUSE_FACTOR * this.#intervalMs &&
      this.#intervalMs >= 1;
    if (this.#intervalMs === null || (isPause && this.#paused)) this.#intervalMs = sinceMs;
    else if (!isPause) this.#intervalMs += (sinceMs - this.#intervalMs) * WEIGHT;
    this.#paused = isPause;
  }
}
