import { latestMs, plusMs, type SteadyMs } from "../core/clock.ts";
import { ALIGNED_PERIOD_PART, MAX_ALIGNED_DELIVERIES, MAX_SHIFT_PART } from "./tolerances.ts";

/** A cadence to align due times with. */
export interface Alignment {
  /** An instant of the cadence. */
  readonly atMs: SteadyMs;
  /** From one instant to the next. */
  readonly intervalMs: number;
}

/**
 * When a detector is due for its next frame.
 *
 * Due times follow one another at exactly the period, independently of the frames' cadence, so that the
 * achieved rate is the configured one. A delivery that is late by less than a period does not shift the
 * later ones; a longer delay restarts the schedule, so that no burst compensates for it.
 */
export class RateLimiter {
  #rateHz: number | null;
  #periodMs: number | null;
  #dueAtMs: SteadyMs | null = null;

  /** @param rateHz deliveries per second, or null for no limit */
  constructor(rateHz: number | null) {
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
  }

  get rateHz(): number | null {
    return this.#rateHz;
  }

  /**
   * Changes the rate: what is due stays due, what is not becomes due by the new period.
   * @param isUnderWay  a frame was announced: the new period begins with its delivery
   */
  setRate(rateHz: number | null, nowMs: SteadyMs, isUnderWay = false): void {
    const before = this.#periodMs;
    this.#rateHz = rateHz;
    this.#periodMs = periodOf(rateHz);
    if (this.#dueAtMs === null || before === null) return;
    if (isUnderWay && this.#periodMs !== null) return;
    const laterMs = this.#periodMs === null ? null : this.#periodMs - before;
    this.#dueAtMs = laterMs === null ? null : latestMs(nowMs, plusMs(this.#dueAtMs, laterMs));
  }

  /** Milliseconds until the next delivery is due; 0 when it is. */
  waitMs(nowMs: SteadyMs): number {
    if (this.#periodMs === null || this.#dueAtMs === null) return 0;
    return Math.max(0, this.#dueAtMs - nowMs);
  }

  /** Milliseconds until the delivery after one at this moment would be due. */
  waitAfterMs(nowMs: SteadyMs): number {
    return this.#periodMs === null ? 0 : Math.max(0, this.#dueAfter(nowMs, this.#periodMs) - nowMs);
  }

  /** The time from one delivery to the next, or null without a limit. */
  get periodMs(): number | null {
    return this.#periodMs;
  }

  /**
   * Shifts the due times towards a cadence of which the period is a multiple or a fraction, by
   * {@link MAX_SHIFT_PART} of its interval at most, so that the rate stays within that of the configured
   * one.
   */
  align({ atMs, intervalMs }: Alignment): void {
    const periodMs = this.#periodMs;
    if (periodMs === null || this.#dueAtMs === null || intervalMs <= 0) return;
    const deliveries = Math.round(intervalMs / periodMs);
    if (deliveries > MAX_ALIGNED_DELIVERIES) return;
    const stepMs = deliveries >= 1
      ? intervalMs / deliveries
      : intervalMs * Math.round(periodMs / intervalMs);
    if (Math.abs(stepMs - periodMs) > ALIGNED_PERIOD_PART * periodMs) return;
    const aheadMs = this.#dueAtMs - atMs;
    // The grid of instants to be due at; with a step of several intervals any of their instants will do.
    const gridMs = Math.min(stepMs, intervalMs);
    const offMs = aheadMs - gridMs * Math.round(aheadMs / gridMs);
    const maxMs = MAX_SHIFT_PART * intervalMs;
    this.#dueAtMs = plusMs(this.#dueAtMs, -Math.max(-maxMs, Math.min(maxMs, offMs)));
  }

  /** Schedules the next delivery after one at this moment. */
  delivered(nowMs: SteadyMs): void {
    if (this.#periodMs !== null) this.#dueAtMs = this.#dueAfter(nowMs, this.#periodMs);
  }

  #dueAfter(nowMs: SteadyMs, periodMs: number): SteadyMs {
    const restarts = this.#dueAtMs === null || nowMs - this.#dueAtMs >= periodMs;
    return plusMs(restarts || this.#dueAtMs === null ? nowMs : this.#dueAtMs, periodMs);
  }
}

function periodOf(rateHz: number | null): number | null {
  return rateHz === null ? null : 1000 / rateHz;
}
