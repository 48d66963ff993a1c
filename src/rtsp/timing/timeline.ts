import { CLOCK_START, type SteadyMs } from "../../core/clock.ts";
import { PtsValidator } from "./pts_validator.ts";

/**
 * What is counted as wrong with RTP timestamps:
 * - `outlier`: a unit whose timestamp fits neither what came before nor what came after;
 * - `jump`: the timestamps went on from another value, later or earlier;
 * - `constant`: a unit with the timestamp that at least two before it had.
 */
export const RTP_ANOMALIES = ["outlier", "jump", "constant"] as const;

/** One of {@link RTP_ANOMALIES}. */
export type RtpAnomaly = (typeof RTP_ANOMALIES)[number];

/** A sender report may be so much further off than a unit: encoders and relays delay units. */
const REPORT_TOLERANCE_MS = 5000;
/** Repetitions of a timestamp: one is a second field, more are a clock that stands still. */
const CONSTANT_AFTER = 2;
/** Units that follow closely are so many frame intervals apart, beside the time between them. */
const CLOSE_INTERVALS = 2;
/** Of the difference between cadence and arrival, so much is made up for with each unit. */
const PACE_GAIN = 1 / 32;
/** Units over which the cadence of arrivals is averaged: they may be read 400 ms at a time. */
const CADENCE_UNITS = 128;
/** A pause counts in the cadence as one second, or as four average intervals. */
const MAX_CADENCE_INTERVALS = 4;
/** Units among which times are unique; decoders hold back 16 pictures at most. */
const UNIQUE_UNITS = 128;

/**
 * Presentation times of one connection's access units, from their RTP timestamps (RFC 3550, section
 * 5.1), which are checked against the order and the time of arrival (see {@link PtsValidator}).
 *
 * Times follow the camera's clock, however fast or slow. An odd timestamp is replaced by the cadence.
 * When the next unit continues from it, the timestamps have jumped, and what follows is shifted so that
 * the times go on. Constant timestamps are replaced by the cadence of arrival.
 */
export class RtpTimeline {
  readonly #clockRate: number;
  readonly #anomalies: Record<RtpAnomaly, number> = { outlier: 0, jump: 0, constant: 0 };
  readonly #recent = new Float64Array(UNIQUE_UNITS).fill(NaN);
  #units = 0;
  /** The highest time that a unit was given. */
  #top = 0;
  /** A unit's time is its timestamp + offset, modulo 2^32. */
  #offset = 0;
  #offsetBeforeJump = 0;
  #jumpedAt: SteadyMs | null = null;
  #times: PtsValidator | null = null;
  #lastArrivedAt: SteadyMs = CLOCK_START;
  #lastRtp = 0;
  #repeats = 0;
  /** The average interval of arrivals, in ticks. */
  #cadence = 0;

  /** Units that have one odd timestamp, as long as it is open what they are; and the last of them. */
  #oddUnits = 0;
  #oddRtp = 0;
  #oddPts = 0;
  #oddArrivedAt: SteadyMs = CLOCK_START;

  /** @param clockRate  ticks of the RTP timestamp a second */
  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** How many of each so far. A single odd timestamp is counted when the next unit has arrived. */
  get anomalies(): Readonly<Record<RtpAnomaly, number>> {
    return this.#anomalies;
  }

  /**
   * The next unit in the order of arrival.
   *
   * @param rtpTimestamp  as in its packets, 32 bits
   * @param arrivedAt     when it was read; not before the unit before it
   * @returns its presentation time in ticks since the first unit of the connection: an integer that no
   *   other of the last 128 units has (of equal timestamps, each gets one tick more), below 0 for
   *   pictures that are shown before the first
   */
  unit(rtpTimestamp: number, arrivedAt: SteadyMs): number {
    const pts = this.#unique(Math.round(this.#next(rtpTimestamp >>> 0, arrivedAt)));
    this.#recent[this.#units++ % UNIQUE_UNITS] = pts;
    this.#top = Math.max(this.#top, pts);
    return pts;
  }

  /**
   * The presentation time of another timestamp of this stream, such as a sender report's; nothing is
   * noted.
   *
   * @param at  when it was received
   * @returns null before the first unit, while timestamps are constant, and when it is off by 5 s more
   *   than a unit may be
   */
  ptsOf(rtpTimestamp: number, at: SteadyMs): number | null {
    const times = this.#times;
    const rtp = rtpTimestamp >>> 0;
    if (times === null || (this.#repeats >= CONSTANT_AFTER && rtp === this.#lastRtp)) return null;
    const expected = times.expected(at);
    let pts = this.#nearest(rtp, expected);
    // A report that came with a jump may be of before or after it.
    if (this.#oddUnits > 0) {
      const afterJump = this.#oddPts + signedDifference(rtp, this.#oddRtp);
      pts = nearer(pts, afterJump, expected);
    } else if (this.#jumpedAt !== null && at <= this.#jumpedAt) {
      const beforeJump = expected + signedDifference(rtp + this.#offsetBeforeJump, expected);
      pts = nearer(pts, beforeJump, expected);
    }
    return times.isPlausible(pts, at, this.#ticks(REPORT_TOLERANCE_MS)) ? pts : null;
  }

  /** Seconds since the connection's first unit. */
  positionSeconds(pts: number): number {
    return pts / this.#clockRate;
  }

  #next(rtp: number, arrivedAt: SteadyMs): number {
    if (this.#times === null) return this.#first(rtp, arrivedAt);
    this.#noteArrival(rtp, arrivedAt);
    const times = this.#times;
    if (this.#repeats >= CONSTANT_AFTER) return this.#constant(times, arrivedAt);
    const pts = this.#nearest(rtp, times.expected(arrivedAt));
    const isPlausible = times.isPlausible(pts, arrivedAt);
    if (this.#continuesOdd(times, { rtp, pts, arrivedAt, isPlausible })) {
      return this.#jump(times, rtp, arrivedAt);
    }
    // Two fields share a timestamp: the second of an odd pair proves nothing.
    if (isPlausible || rtp !== this.#oddRtp) this.#settleOdd();
    if (!isPlausible) return this.#odd(times, rtp, arrivedAt);
    times.accept(pts, arrivedAt);
    return pts;
  }

  #first(rtp: number, arrivedAt: SteadyMs): number {
    this.#times = new PtsValidator({ clockRate: this.#clockRate, startedAt: arrivedAt });
    this.#offset = -rtp;
    this.#lastRtp = rtp;
    this.#lastArrivedAt = arrivedAt;
    return 0;
  }

  #noteArrival(rtp: number, arrivedAt: SteadyMs): void {
    const elapsed = this.#ticks(arrivedAt - this.#lastArrivedAt);
    const most = Math.max(this.#clockRate, MAX_CADENCE_INTERVALS * this.#cadence);
    this.#cadence += (Math.min(elapsed, most) - this.#cadence) /
      Math.min(this.#units, CADENCE_UNITS);
    this.#lastArrivedAt = arrivedAt;
    this.#repeats = rtp === this.#lastRtp ? this.#repeats + 1 : 0;
    this.#lastRtp = rtp;
  }

  /** Cameras whose clock stands still, for good or for the rest of a second. */
  #constant(times: PtsValidator, arrivedAt: SteadyMs): number {
    this.#settleOdd();
    this.#anomalies.constant++;
    const pts = this.#paced(times, arrivedAt, this.#cadence);
    times.stepTo(pts);
    return pts;
  }

  /** Cameras with odd timestamps: some give every 60th unit one that is hours off. */
  #odd(times: PtsValidator, rtp: number, arrivedAt: SteadyMs): number {
    this.#oddUnits++;
    this.#oddRtp = rtp;
    this.#oddArrivedAt = arrivedAt;
    this.#oddPts = Math.round(this.#paced(times, arrivedAt, times.interval ?? this.#cadence));
    return this.#oddPts;
  }

  #settleOdd(): void {
    this.#anomalies.outlier += this.#oddUnits;
    this.#oddUnits = 0;
  }

  /**
   * Whether the timestamps jumped with the unit before. After a small jump back, a unit may also look
   * like a B-frame of before it: then it has to follow closely.
   */
  #continuesOdd(times: PtsValidator, { rtp, pts, arrivedAt, isPlausible }: {
    readonly rtp: number;
    readonly pts: number;
    readonly arrivedAt: SteadyMs;
    readonly isPlausible: boolean;
  }): boolean {
    if (this.#oddUnits === 0 || rtp === this.#oddRtp) return false;
    if (isPlausible && pts > times.highest) return false;
    const slack = isPlausible
      ? CLOSE_INTERVALS * (times.interval ?? 0)
      : times.tolerance(arrivedAt);
    const step = signedDifference(rtp, this.#oddRtp);
    return step >= -slack && step <= this.#ticks(arrivedAt - this.#oddArrivedAt) + slack;
  }

  /** Cameras that put their clock right in mid-stream, or start their encoder again. */
  #jump(times: PtsValidator, rtp: number, arrivedAt: SteadyMs): number {
    this.#anomalies.jump++;
    this.#oddUnits = 0;
    this.#jumpedAt = arrivedAt;
    this.#offsetBeforeJump = this.#offset;
    this.#offset = this.#oddPts - this.#oddRtp;
    const pts = this.#oddPts + signedDifference(rtp, this.#oddRtp);
    times.accept(this.#oddPts, this.#oddArrivedAt);
    times.accept(pts, arrivedAt);
    return pts;
  }

  /** One interval after the last unit, drawn towards the time of arrival. */
  #paced(times: PtsValidator, arrivedAt: SteadyMs, interval: number): number {
    const next = this.#top + interval;
    const error = times.expected(arrivedAt) - next;
    const isFar = Math.abs(error) > times.tolerance(arrivedAt);
    return Math.max(this.#top + 1, next + (isFar ? error : error * PACE_GAIN));
  }

  #nearest(rtp: number, near: number): number {
    return near + signedDifference(rtp + this.#offset, near);
  }

  #unique(pts: number): number {
    let unique = pts;
    while (unique <= this.#top && this.#recent.includes(unique)) unique++;
    return unique;
  }

  #ticks(ms: number): number {
    return ms * this.#clockRate / 1000;
  }
}

/** `a - b` of numbers that count modulo 2^32: the one of least size. */
function signedDifference(a: number, b: number): number {
  return (a - b) | 0;
}

function nearer(a: number, b: number, to: number): number {
  return Math.abs(b - to) < Math.abs(a - to) ? b : a;
}
