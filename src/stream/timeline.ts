import { type Clock, plusMs, type SteadyMs } from "../core/clock.ts";

/** A file that lags behind by more than this continues from here instead of catching up in a burst. */
const MAX_LAG_MS = 1000;

/** A rational number of seconds: the unit of a stream's timestamps. */
export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

/** Frames that may precede the first in presentation order: H.264 and H.265 reorder up to 16. */
const MAX_REORDERED = 16;

/**
 * Maps the timestamps of one connection to positions in seconds.
 *
 * libav gives the first packet of H.264 and H.265 over RTSP no timestamp. It is assumed to be one frame
 * before the next in presentation order, which is known after two more packets.
 */
export class Timeline {
  readonly #timeBase: TimeBase;
  #zero: bigint | null = null;
  /** The sorted timestamps after a first packet without one, while they may change its estimate. */
  #early: bigint[] | null = null;
  #last: bigint | null = null;
  #lastDurationSeconds = 0;

  constructor(timeBase: TimeBase) {
    this.#timeBase = timeBase;
  }

  /**
   * Seconds since the connection's first frame; a packet without a timestamp is assumed to follow the
   * previous one. For a file that starts at 0 this is the position in the clip.
   */
  positionSeconds(pts: bigint | null): number {
    if (pts === null) {
      if (this.#zero === null) this.#early ??= [];
      return this.#secondsSinceZero(this.#last) + this.#lastDurationSeconds;
    }
    if (this.#early !== null) this.#estimateZero(this.#early, pts);
    this.#zero ??= pts;
    if (this.#last !== null && pts > this.#last) {
      this.#lastDurationSeconds = this.#seconds(pts - this.#last);
    }
    this.#last = pts;
    return this.#secondsSinceZero(pts);
  }

  /** Like {@link positionSeconds} without recording the timestamp: for a frame whose packet was recorded. */
  peekSeconds(pts: bigint | null): number {
    if (this.#early !== null) {
      if (pts === null) return 0;
      // Positions were used, so that the estimate must not change any more.
      if (this.#early.length > 1) this.#early = null;
    }
    return this.#secondsSinceZero(pts ?? this.#last);
  }

  /** Restarts a file from its beginning. */
  rewind(): void {
    this.#last = null;
  }

  #estimateZero(early: bigint[], pts: bigint): void {
    const at = early.findIndex((each) => each >= pts);
    if (early[at] !== pts) early.splice(at < 0 ? early.length : at, 0, pts);
    const [first = pts, second = first] = early;
    this.#zero = first - (second - first);
    if (early.length > MAX_REORDERED) this.#early = null;
  }

  #secondsSinceZero(pts: bigint | null): number {
    return pts === null || this.#zero === null ? 0 : this.#seconds(pts - this.#zero);
  }

  #seconds(units: bigint): number {
    return Number(units) * this.#timeBase.num / this.#timeBase.den;
  }
}

/** Plays a file in real time: computes the wait before each packet. */
export class FilePacer {
  readonly #clock: Clock;
  #startedAtMs: SteadyMs | null = null;
  #endSeconds = 0;
  #stepSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until `positionSeconds` of the clip is due; 0 when it is overdue. */
  waitMs(positionSeconds: number): number {
    const nowMs = this.#clock.nowMs();
    this.#startedAtMs ??= plusMs(nowMs, -positionSeconds * 1000);
    if (positionSeconds > this.#endSeconds) {
      this.#stepSeconds = positionSeconds - this.#endSeconds;
      this.#endSeconds = positionSeconds;
    }
    const waitMs = this.#startedAtMs + positionSeconds * 1000 - nowMs;
    if (waitMs < -MAX_LAG_MS) this.#startedAtMs = plusMs(this.#startedAtMs, -waitMs);
    return Math.max(0, waitMs);
  }

  /** Restarts the clip, one frame interval after its last frame. */
  rewind(): void {
    if (this.#startedAtMs !== null) {
      const lengthMs = (this.#endSeconds + this.#stepSeconds) * 1000;
      this.#startedAtMs = plusMs(this.#startedAtMs, lengthMs);
    }
    this.#endSeconds = 0;
  }
}
