import type { SteadyMs } from "../../core/clock.ts";
import { WindowedMinimum } from "./windowed_minimum.ts";

/** How far a PTS may be ahead of the elapsed time since the units before it. */
const TOLERANCE_MS = 1000;
/** The same in frame intervals, in addition: at 0.2 fps two frames that arrive together are 5 s apart. */
const TOLERANCE_INTERVALS = 2;
/** The tolerance before the frame interval is known: cameras begin with a keyframe that is seconds old. */
const START_TOLERANCE_MS = 6000;
/** The same in intervals: with B-frames the second unit is up to four intervals later. */
const START_TOLERANCE_INTERVALS = 4;
/** Steps forward that a B-frame may precede: two fields may each be one. */
const REORDERED_STEPS = 3;

/** Weight of a step in the moving average of the frame interval. */
const INTERVAL_GAIN = 1 / 8;
/** The most average intervals that a step counts for: pauses are no frame interval. */
const MAX_STEP_INTERVALS = 8;

/**
 * Checks presentation times (PTS) against those before and against the time of arrival.
 *
 * A PTS is not before the highest one of three steps forward ago, since a B-frame lies between two earlier
 * units, and not ahead of what the camera can have captured by now: a second more than has elapsed since
 * the last step forward, or than the least delay of the last 15 s allows. The latter allows for units that
 * arrive together after a stall. A drifting clock stays within both.
 *
 * PTS are in ticks of the RTP clock, instants in milliseconds.
 */
export class PtsValidator {
  readonly #ticksPerMs: number;
  readonly #startedAt: SteadyMs;
  /** The last PTS that were higher than any before, the newest first; 0 if there were fewer. */
  readonly #highest = new Float64Array(REORDERED_STEPS + 1);
  #steps = 0;
  /** The PTS of the last step forward by a timestamp, and its arrival. */
  #anchorPts = 0;
  #anchorArrivedAt: SteadyMs;
  /** The least (arrival - PTS), in ticks. */
  readonly #leastDelay = new WindowedMinimum();
  #interval: number | null = null;

  /** @param startedAt  the arrival of the first unit, whose PTS is 0 */
  constructor(
    { clockRate, startedAt }: { readonly clockRate: number; readonly startedAt: SteadyMs },
  ) {
    this.#ticksPerMs = clockRate / 1000;
    this.#startedAt = this.#anchorArrivedAt = startedAt;
    this.#leastDelay.add(0, startedAt);
  }

  /** The highest PTS so far. */
  get highest(): number {
    return this.#highest[0] ?? 0;
  }

  /** The moving average of steps forward; null before the first. */
  get interval(): number | null {
    return this.#interval;
  }

  /** Records a unit whose PTS was accepted. */
  accept(pts: number, arrivedAt: SteadyMs): void {
    const step = Math.max(0, pts - this.highest);
    if (this.#interval !== null) {
      const limited = Math.min(step, MAX_STEP_INTERVALS * this.#interval);
      this.#interval += (limited - this.#interval) * INTERVAL_GAIN;
    } else if (step > 0) {
      this.#interval = step;
    }
    if (step > 0) {
      this.stepTo(pts);
      this.#anchorPts = pts;
      this.#anchorArrivedAt = arrivedAt;
    }
    this.#leastDelay.add(this.#ticksSince(this.#startedAt, arrivedAt) - pts, arrivedAt);
  }

  /** Records a step forward to `pts` that no timestamp made. */
  stepTo(pts: number): void {
    this.#highest.copyWithin(1, 0);
    this.#highest[0] = pts;
    this.#steps++;
  }

  /** @param slack  additional tolerance in both directions */
  isPlausible(pts: number, arrivedAt: SteadyMs, slack = 0): boolean {
    const isTooEarly = pts < this.#earliest() - slack;
    return !isTooEarly && pts <= this.#latest(arrivedAt) + this.tolerance(arrivedAt) + slack;
  }

  /** The PTS expected at an instant, by the elapsed time since the last step forward; an integer. */
  expected(at: SteadyMs): number {
    return Math.round(this.#anchorPts + this.#ticksSince(this.#anchorArrivedAt, at));
  }

  /** How far ahead of the expected PTS a unit may be that arrives at `at`. */
  tolerance(at: SteadyMs): number {
    const tolerance = TOLERANCE_MS * this.#ticksPerMs + TOLERANCE_INTERVALS * (this.#interval ?? 0);
    if (this.#steps >= REORDERED_STEPS) return tolerance;
    const sinceStepMs = at - this.#anchorArrivedAt;
    const startMs = Math.max(
      START_TOLERANCE_MS,
      TOLERANCE_MS + START_TOLERANCE_INTERVALS * sinceStepMs,
    );
    return Math.max(tolerance, startMs * this.#ticksPerMs);
  }

  #earliest(): number {
    if (this.#steps < REORDERED_STEPS) return -START_TOLERANCE_MS * this.#ticksPerMs;
    return this.#highest[REORDERED_STEPS] ?? 0;
  }

  #latest(at: SteadyMs): number {
    const byDelay = this.#ticksSince(this.#startedAt, at) - this.#leastDelay.value;
    return Math.max(this.expected(at), byDelay);
  }

  #ticksSince(from: SteadyMs, to: SteadyMs): number {
    return (to - from) * this.#ticksPerMs;
  }
}
