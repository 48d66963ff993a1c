/**
 * When a detector is due for its next frame.
 *
 * Due times follow one another at exactly the period, whatever the frames' own rhythm, so that the
 * achieved rate is the asked one. A delivery that comes late by less than a period does not shift
 * the ones after it; a longer delay starts the rhythm anew, so that no burst makes up for it.
 */
export class RateGate {
  #rateHz: number | null;
  #periodMs: number | null;
  #dueAtMs: number | null = null;

  /** @param rateHz deliveries a second, or null for no limit */
  constructor(rateHz: number | null) {
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
  }

  get rateHz(): number | null {
    return this.#rateHz;
  }

  /** Changes the rate; what is already due stays due, what is not becomes due by the new period. */
  setRate(rateHz: number | null, nowMs: number): void {
    const before = this.#periodMs;
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
    if (this.#dueAtMs === null || before === null) return;
    const lastMs = this.#dueAtMs - before;
    this.#dueAtMs = this.#periodMs === null ? null : Math.max(nowMs, lastMs + this.#periodMs);
  }

  /** Milliseconds until the next delivery is due; 0 when it is. */
  waitMs(nowMs: number): number {
    if (this.#periodMs === null || this.#dueAtMs === null) return 0;
    return Math.max(0, this.#dueAtMs - nowMs);
  }

  /** A frame was delivered. */
  delivered(nowMs: number): void {
    if (this.#periodMs === null) return;
    const late = this.#dueAtMs === null || nowMs - this.#dueAtMs >= this.#periodMs;
    this.#dueAtMs = late || this.#dueAtMs === null
      ? nowMs + this.#periodMs
      : this.#dueAtMs + this.#periodMs;
  }
}

function periodOf(rateHz: number | null): number | null {
  return rateHz === null ? null : 1000 / rateHz;
}
