import { CLOCK_START, type SteadyMs } from "../../core/clock.ts";
import { PtsValidator } from "./pts_validator.ts";

/**
 * Anomalies of RTP timestamps:
 * - `outlier`: a unit whose timestamp fits neither the units before nor after it;
 * - `jump`: the timestamps continue from another value, later or earlier;
 * - `constant`: a unit with the timestamp of at least two units before it.
 */
export const RTP_ANOMALIES = ["outlier", "jump", "constant"] as const;

/** One of {@link RTP_ANOMALIES}. */
export type RtpAnomaly = (typeof RTP_ANOMALIES)[number];

/** Additional tolerance for sender reports: encoders and relays delay units. */
const REPORT_TOLERANCE_MS = 5000;
/** Repetitions of a timestamp from which it is constant: one repetition is a second field. */
const CONSTANT_AFTER = 2;
/** Tolerance for a unit that may be a B-frame, in frame intervals. */
const CLOSE_INTERVALS = 2;
/** The part of the difference between cadence and arrival that each unit corrects. */
const PACE_GAIN = 1 / 32;
/** Units over which the cadence of arrivals is averaged: they may be read in batches of 400 ms. */
const CADENCE_UNITS = 128;
/** The most average intervals, if more than a second, that a pause counts for in the cadence. */
const MAX_CADENCE_INTERVALS = 4;
/** Units among which PTS are unique; decoders reorder 16 pictures at most. */
const UNIQUE_UNITS = 128;

/**
 * Derives the presentation times (PTS) of one session's access units from their RTP timestamps (RFC 3550
 * 5.1), which are checked against the order and the time of arrival (see {@link PtsValidator}).
 *
 * PTS follow the camera's clock, however fast or slow. An implausible timestamp is replaced by the cadence.
 * If the next unit continues from it, the timestamps have jumped, and later ones are shifted so that PTS
 * are continuous. Constant timestamps are replaced by the cadence of arrivals.
 */
export class RtpTimeline {
  readonly #clockRate: number;
  readonly #anomalies: Record<RtpAnomaly, number> = { outlier: 0, jump: 0, constant: 0 };
  readonly #recent = new Float64Array(UNIQUE_UNITS).fill(NaN);
  #units = 0;
  /** The highest PTS so far. */
  #highestPts = 0;
  /** PTS = timestamp + offset, modulo 2^32. */
  #offset = 0;
  #offsetBeforeJump = 0;
  #jumpedAt: SteadyMs | null = null;
  #validator: PtsValidator | null = null;
  #lastArrivedAt: SteadyMs = CLOCK_START;
  #lastRtp = 0;
  #repeats = 0;
  /** The average interval of arrivals, in ticks. */
  #cadence = 0;

  /** Units with one implausible timestamp, until the next unit shows whether it is an outlier or a jump. */
  #suspectUnits = 0;
  #suspectRtp = 0;
  #suspectPts = 0;
  #suspectArrivedAt: SteadyMs = CLOCK_START;

  /** @param clockRate  ticks of the RTP timestamp a second */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** The counts so far. A single implausible timestamp is counted when the next unit has arrived. */
  get anomalies(): Readonly<Record<RtpAnomaly, number>> {
    return this.#anomalies;
  }

  /**
   * The PTS of the next unit in the order of arrival.
   *
   * @param rtpTimestamp  as in its packets, 32 bits
   * @param arrivedAt     when it was read; not before the previous unit
   * @returns ticks since the first unit of the session: an integer that is unique among the last 128 units
   *   (equal timestamps are one tick apart), below 0 for pictures presented before the first
   */
  unit(rtpTimestamp: number, arrivedAt: SteadyMs): number {
    const pts = this.#unique(Math.round(this.#next(rtpTimestamp >>> 0, arrivedAt)));
    this.#recent[this.#units++ % UNIQUE_UNITS] = pts;
    this.#highestPts = Math.max(this.#highestPts, pts);
    return pts;
  }

  /**
   * The PTS of another timestamp of this stream, such as a sender report's. Changes no state.
   *
   * @param at  when it was received
   * @returns null before the first unit, while timestamps are constant, and if it is off by 5 s more than a
   *   unit may be
   */
  ptsOf(rtpTimestamp: number, at: SteadyMs): number | null {
    const validator = this.#validator;
    const rtp = rtpTimestamp >>> 0;
    if (validator === null || (this.#repeats >= CONSTANT_AFTER && rtp === this.#lastRtp)) {
      return null;
    }
    const expected = validator.expected(at);
    let pts = this.#nearest(rtp, expected);
    // A report that arrives with a jump may be from before or after it.
    if (this.#suspectUnits > 0) {
      const afterJump = this.#suspectPts + signedDifference(rtp, this.#suspectRtp);
      pts = nearer(pts, afterJump, expected);
    } else if (this.#jumpedAt !== null && at <= this.#jumpedAt) {
      const beforeJump = expected + signedDifference(rtp + this.#offsetBeforeJump, expected);
      pts = nearer(pts, beforeJump, expected);
    }
    return validator.isPlausible(pts, at, this.#ticks(REPORT_TOLERANCE_MS)) ? pts : null;
  }

  /** Seconds since the session's first unit. */
  positionSeconds(pts: number): number {
    return pts / this.#clockRate;
  }

  #next(rtp: number, arrivedAt: SteadyMs): number {
    if (this.#validator === null) return this.#first(rtp, arrivedAt);
    this.#updateCadence(rtp, arrivedAt);
    const validator = this.#validator;
    if (this.#repeats >= CONSTANT_AFTER) return this.#constant(validator, arrivedAt);
    const pts = this.#nearest(rtp, validator.expected(arrivedAt));
    const isPlausible = validator.isPlausible(pts, arrivedAt);
    if (this.#continuesSuspect(validator, { rtp, pts, arrivedAt, isPlausible })) {
      return this.#jump(validator, rtp, arrivedAt);
    }
    // Two fields share a timestamp: the second one is no confirmation.
    if (isPlausible || rtp !== this.#suspectRtp) this.#countOutliers();
    if (!isPlausible) return this.#suspect(validator, rtp, arrivedAt);
    validator.accept(pts, arrivedAt);
    return pts;
  }

  #first(rtp: number, arrivedAt: SteadyMs): number {
    this.#validator = new PtsValidator({ clockRate: this.#clockRate, startedAt: arrivedAt });
    this.#offset = -rtp;
    this.#lastRtp = rtp;
    this.#lastArrivedAt = arrivedAt;
    return 0;
  }

  #updateCadence(rtp: number, arrivedAt: SteadyMs): void {
    const elapsed = this.#ticks(arrivedAt - this.#lastArrivedAt);
    const maxElapsed = Math.max(this.#clockRate, MAX_CADENCE_INTERVALS * this.#cadence);
    this.#cadence += (Math.min(elapsed, maxElapsed) - this.#cadence) /
      Math.min(this.#units, CADENCE_UNITS);
    this.#lastArrivedAt = arrivedAt;
    this.#repeats = rtp === this.#lastRtp ? this.#repeats + 1 : 0;
    this.#lastRtp = rtp;
  }

  /** For cameras whose clock stands still, permanently or for the rest of a second. */
  #constant(validator: PtsValidator, arrivedAt: SteadyMs): number {
    this.#countOutliers();
    this.#anomalies.constant++;
    const pts = this.#paced(validator, arrivedAt, this.#cadence);
    validator.stepTo(pts);
    return pts;
  }

  /** For cameras with wrong timestamps: in some every 60th one is hours off. */
  #suspect(validator: PtsValidator, rtp: number, arrivedAt: SteadyMs): number {
    this.#suspectUnits++;
    this.#suspectRtp = rtp;
    this.#suspectArrivedAt = arrivedAt;
    this.#suspectPts = Math.round(
      this.#paced(validator, arrivedAt, validator.interval ?? this.#cadence),
    );
    return this.#suspectPts;
  }

  #countOutliers(): void {
    this.#anomalies.outlier += this.#suspectUnits;
    this.#suspectUnits = 0;
  }

  /**
   * Whether the timestamps jumped with the previous unit. After a small jump back, a unit may also look like
   * a B-frame before the jump: then the tolerance is smaller.
   */
  #continuesSuspect(validator: PtsValidator, { rtp, pts, arrivedAt, isPlausible }: {
    readonly rtp: number;
    readonly pts: number;
    readonly arrivedAt: SteadyMs;
    readonly isPlausible: boolean;
  }): boolean {
    if (this.#suspectUnits === 0 || rtp === this.#suspectRtp) return false;
    if (isPlausible && pts > validator.highest) return false;
    const slack = isPlausible
      ? CLOSE_INTERVALS * (validator.interval ?? 0)
      : validator.tolerance(arrivedAt);
    const step = signedDifference(rtp, this.#suspectRtp);
    return step >= -slack && step <= this.#ticks(arrivedAt - this.#suspectArrivedAt) + slack;
  }

  /** For cameras that set their clock or restart their encoder in mid-stream. */
  #jump(validator: PtsValidator, rtp: number, arrivedAt: SteadyMs): number {
    this.#anomalies.jump++;
    this.#suspectUnits = 0;
    this.#jumpedAt = arrivedAt;
    this.#offsetBeforeJump = this.#offset;
    this.#offset = this.#suspectPts - this.#suspectRtp;
    const pts = this.#suspectPts + signedDifference(rtp, this.#suspectRtp);
    validator.accept(this.#suspectPts, this.#suspectArrivedAt);
    validator.accept(pts, arrivedAt);
    return pts;
  }

  /** One interval after the last unit, corrected towards the time of arrival. */
  #paced(validator: PtsValidator, arrivedAt: SteadyMs, interval: number): number {
    const next = this.#highestPts + interval;
    const error = validator.expected(arrivedAt) - next;
    const isFar = Math.abs(error) > validator.tolerance(arrivedAt);
    return Math.max(this.#highestPts + 1, next + (isFar ? error : error * PACE_GAIN));
  }

  #nearest(rtp: number, near: number): number {
    return near + signedDifference(rtp + this.#offset, near);
  }

  #unique(pts: number): number {
    let unique = pts;
    while (unique <= this.#highestPts && this.#recent.includes(unique)) unique++;
    return unique;
  }

  #ticks(ms: number): number {
    return ms * this.#clockRate / 1000;
  }
}

/** `a - b` modulo 2^32, as a signed number of 32 bits. */
function signedDifference(a: number, b: number): number {
  return (a - b) | 0;
}

function nearer(a: number, b: number, to: number): number {
  return Math.abs(b - to) < Math.abs(a - to) ? b : a;
}
