import { latestMs, plusMs, type SteadyMs } from "../core/clock.ts";

/** A period and a cadence that fit one another to this part of it are the same but for their clocks. */
const SAME = 0.005;

/** How far a due time is moved towards the cadence each time, as a part of the cadence's interval. */
const MAX_MOVE = 0.01;

/** Beyond so many deliveries from beat to beat nothing is gained by starting with the beat. */
const MAX_DELIVERIES = 32;

/**
 * When a detector is due for its next frame.
 *
 * Due times follow one another at exactly the period, whatever the frames' own cadence, so that the
 * achieved rate is the asked one. A delivery that comes late by less than a period does not shift
 * the ones after it; a longer delay starts the cadence anew, so that no burst makes up for it.
 */
export class RateLimiter {
  #rateHz: number | null;
  #periodMs: number | null;
  #dueAtMs: SteadyMs | null = null;

  /** @param rateHz deliveries a second, or null for no limit */
  constructor(rateHz: number | null) {
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
  }

  get rateHz(): number | null {
    return this.#rateHz;
  }

  /** Changes the rate; what is already due stays due, what is not becomes due by the new period. */
  setRate(rateHz: number | null, nowMs: SteadyMs): void {
    const before = this.#periodMs;
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
    if (this.#dueAtMs === null || before === null) return;
    const laterMs = this.#periodMs === null ? null : this.#periodMs - before;
    this.#dueAtMs = laterMs === null ? null : latestMs(nowMs, plusMs(this.#dueAtMs, laterMs));
  }

  /** Milliseconds until the next delivery is due; 0 when it is. */
  waitMs(nowMs: SteadyMs): number {
    if (this.#periodMs === null || this.#dueAtMs === null) return 0;
    return Math.max(0, this.#dueAtMs - nowMs);
  }

  /** Milliseconds until a delivery after one at this moment would be due. */
  waitAfterMs(nowMs: SteadyMs): number {
    return this.#periodMs === null ? 0 : Math.max(0, this.#dueAfter(nowMs, this.#periodMs) - nowMs);
  }

  /** The time from one delivery to the next, or null without a limit. */
  get periodMs(): number | null {
    return this.#periodMs;
  }

  /**
   * Moves the due times towards a cadence that the period fits into, or that fits into the period: a
   * little at a time, so that the rate stays within {@link MAX_MOVE} of what was asked for.
   *
   * @param beat.atMs     an instant of the cadence
   * @param beat.everyMs  from one to the next
   */
  follow({ atMs, everyMs }: { readonly atMs: SteadyMs; readonly everyMs: number }): void {
    const periodMs = this.#periodMs;
    if (periodMs === null || this.#dueAtMs === null || everyMs <= 0) return;
    const deliveries = Math.round(everyMs / periodMs);
    if (deliveries > MAX_DELIVERIES) return;
    const stepMs = deliveries >= 1
      ? everyMs / deliveries
      : everyMs * Math.round(periodMs / everyMs);
    if (Math.abs(stepMs - periodMs) > SAME * periodMs) return;
    const aheadMs = this.#dueAtMs - atMs;
    // From the nearest instant that the cadence would have it due at; with a step of several beats every
    // beat will do.
    const gridMs = Math.min(stepMs, everyMs);
    const offMs = aheadMs - gridMs * Math.round(aheadMs / gridMs);
    const mostMs = MAX_MOVE * everyMs;
    this.#dueAtMs = plusMs(this.#dueAtMs, -Math.max(-mostMs, Math.min(mostMs, offMs)));
  }

  /** A frame was delivered. */
  delivered(nowMs: SteadyMs): void {
    if (this.#periodMs !== null) this.#dueAtMs = this.#dueAfter(nowMs, this.#periodMs);
  }

  #dueAfter(nowMs: SteadyMs, periodMs: number): SteadyMs {
    const late = this.#dueAtMs === null || nowMs - this.#dueAtMs >= periodMs;
    return plusMs(late || this.#dueAtMs === null ? nowMs : this.#dueAtMs, periodMs);
  }
}

function periodOf(rateHz: number | null): number | null {
  return rateHz === null ? null : 1000 / rateHz;
}
