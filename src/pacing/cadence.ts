import { plusMs, type SteadyMs } from "../core/clock.ts";

/** How much one interval weighs in the running average. */
const WEIGHT = 1 / 8;

/**
 * An interval this many times the average is a pause in the stream and says nothing of its cadence; two
 * in a row are the cadence, and what came before was a burst.
 */
const PAUSE_FACTOR = 8;

/** The time between a camera's frames, as observed. */
export class Cadence {
  #lastAtMs: SteadyMs | null = null;
  #intervalMs: number | null = null;
  #paused = false;

  /** Milliseconds between frames, or null before the second one. */
  get intervalMs(): number | null {
    return this.#intervalMs;
  }

  /** When the next frame is expected, or null when that cannot be told. */
  get nextAtMs(): SteadyMs | null {
    return this.#lastAtMs === null || this.#intervalMs === null
      ? null
      : plusMs(this.#lastAtMs, this.#intervalMs);
  }

  /** A frame arrived. An instant before one that is known already says nothing new. */
  beat(atMs: SteadyMs): void {
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
