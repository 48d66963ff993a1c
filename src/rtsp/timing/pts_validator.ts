import type { SteadyMs } from "../../core/clock.ts";
import { WindowedMinimum } from "./windowed_minimum.ts";

/** A time may be so much ahead of what the time since the units before it explains. */
const TOLERANCE_MS = 1000;
/** And so many frame intervals: at 0.2 fps two frames that arrive together are 5 s apart. */
const TOLERANCE_INTERVALS = 2;
/** The same before the frame interval is known: cameras begin with a keyframe that is some seconds old. */
const START_TOLERANCE_MS = 6000;
/** Before the interval is known: B-frames make the second unit up to four intervals later. */
const START_TOLERANCE_INTERVALS = 4;
/** Steps forward among which a B-frame may fall back: two fields may each be one. */
const STEPS_BACK = 3;

/** Weight of a new step in the average frame interval. */
const INTERVAL_GAIN = 1 / 8;
/** A step counts as this many average ones at most: pauses are no frame interval. */
const MAX_STEP_INTERVALS = 8;

/**
 * Which presentation times the next unit of a stream can have, from those before and the time of arrival.
 *
 * It is not before the highest of three steps forward ago, since a B-frame lies between two units that
 * came earlier, and not ahead of what the camera can have captured by now: a second more than since the
 * last step forward, or than by the least delay of the last 15 s. The latter allows for units that arrive
 * together after a stall. A clock that drifts stays within both.
 *
 * All times are in ticks of the RTP clock, instants in milliseconds.
 */
export class PtsValidator {
  readonly #ticksPerMs: number;
  readonly #startedAt: SteadyMs;
  /** The last times that were higher than any before, the newest first; 0 for those not known yet. */
  readonly #highest = new Float64Array(STEPS_BACK + 1);
  #steps = 0;
  /** The last step forward that a timestamp made, and when it arrived. */
  #anchorPts = 0;
  #anchorArrivedAt: SteadyMs;
  /** The least (arrival - presentation time), in ticks. */
  readonly #leastDelay = new WindowedMinimum();
  #interval: number | null = null;

  /** @param startedAt  when the first unit arrived, whose time is 0 */
  constructor(
    { clockRate, startedAt }: { readonly clockRate: number; readonly startedAt: SteadyMs },
  ) {
    this.#ticksPerMs = clockRate / 1000;
    this.#startedAt = this.#anchorArrivedAt = startedAt;
    this.#leastDelay.note(0, startedAt);
  }

  /** The highest time so far. */
  get highest(): number {
    return this.#highest[0] ?? 0;
  }

  /** The average step forward from unit to unit; null before the first. */
  get interval(): number | null {
    return this.#interval;
  }

  /** A unit with a time that is believed. */
  accept(pts: number, arrivedAt: SteadyMs): void {
    const step = Math.max(0, pts - this.highest);
    if (this.#interval !== null) {
      const counted = Math.min(step, MAX_STEP_INTERVALS * this.#interval);
      this.#interval += (counted - this.#interval) * INTERVAL_GAIN;
    } else if (step > 0) {
      this.#interval = step;
    }
    if (step > 0) {
      this.stepTo(pts);
      this.#anchorPts = pts;
      this.#anchorArrivedAt = arrivedAt;
    }
    this.#leastDelay.note(this.#ticksSince(this.#startedAt, arrivedAt) - pts, arrivedAt);
  }

  /** The stream has gone on to `pts`, by other means than timestamps. */
  stepTo(pts: number): void {
    this.#highest.copyWithin(1, 0);
    this.#highest[0] = pts;
    this.#steps++;
  }

  /** @param slack  so much more may it be off, either way */
  isPlausible(pts: number, arrivedAt: SteadyMs, slack = 0): boolean {
    const isTooOld = pts < this.#earliest() - slack;
    return !isTooOld && pts <= this.#latest(arrivedAt) + this.tolerance(arrivedAt) + slack;
  }

  /** Where units are by the time since the last step forward; an integer. */
  expected(at: SteadyMs): number {
    return Math.round(this.#anchorPts + this.#ticksSince(this.#anchorArrivedAt, at));
  }

  /** How far ahead of its time a unit may be that arrives at `at`. */
  tolerance(at: SteadyMs): number {
    const tolerance = TOLERANCE_MS * this.#ticksPerMs + TOLERANCE_INTERVALS * (this.#interval ?? 0);
    if (this.#steps >= STEPS_BACK) return tolerance;
    const sinceStepMs = at - this.#anchorArrivedAt;
    const startMs = Math.max(
      START_TOLERANCE_MS,
      TOLERANCE_MS + START_TOLERANCE_INTERVALS * sinceStepMs,
    );
    return Math.max(tolerance, startMs * this.#ticksPerMs);
  }

  #earliest(): number {
    if (this.#steps < STEPS_BACK) return -START_TOLERANCE_MS * this.#ticksPerMs;
    return this.#highest[STEPS_BACK] ?? 0;
  }

  #latest(at: SteadyMs): number {
    const byDelay = this.#ticksSince(this.#startedAt, at) - this.#leastDelay.value;
    return Math.max(this.expected(at), byDelay);
  }

  #ticksSince(from: SteadyMs, to: SteadyMs): number {
    return (to - from) * this.#ticksPerMs;
  }
}
