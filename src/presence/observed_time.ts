import { sinceMs, type SteadyMs } from "../core/clock.ts";

/**
 * How long inferences have gone on. One gap between two of them adds a bounded time, so that neither a slow
 * rate nor a worker that is replaced makes an object absent: that it has left is only known when at least
 * two inferences were without it.
 */
export class ObservedTime {
  #newestAtMs: SteadyMs | null = null;
  #gapMs = 0;
  #gapBeforeMs = 0;
  #observedMs = 0;

  /** The usual time between two inferences: the shorter one of the newest two, so that an outage is none. */
  get gapMs(): number {
    return Math.min(this.#gapMs, this.#gapBeforeMs);
  }

  /** How long inferences have gone on until the newest one. */
  get observedMs(): number {
    return this.#observedMs;
  }

  /**
   * Counts an inference.
   * @param boundMs  the most that the gap before it adds
   * @returns whether its frame is the newest
   */
  pass(atMs: SteadyMs, boundMs: number): boolean {
    const before = this.#newestAtMs;
    if (before !== null && atMs <= before) return false;
    this.#newestAtMs = atMs;
    if (before === null) return true;
    const gapMs = sinceMs(before, atMs);
    this.#observedMs += Math.min(gapMs, boundMs);
    this.#gapBeforeMs = this.#gapMs === 0 ? Infinity : this.#gapMs;
    this.#gapMs = gapMs;
    return true;
  }

  /** The observed time at the frame of an instant: earlier than the newest for one that comes late. */
  at(atMs: SteadyMs): number {
    if (this.#newestAtMs === null) return this.#observedMs;
    return this.#observedMs - Math.max(0, sinceMs(atMs, this.#newestAtMs));
  }

  /** Continues another thread's, which had this gap; 0: it knew none. */
  resume(gapMs: number): void {
    this.#gapMs = this.#gapBeforeMs = gapMs;
  }

  /** Forgets when the newest inference was: the next one ends no gap. */
  interrupt(): void {
    this.#newestAtMs = null;
  }
}
