import { type Clock, plusMs, type SteadyMs } from "../core/clock.ts";

/** A file that fell further behind than this goes on from here instead of catching up in a burst. */
const MAX_LAG_MS = 1000;

/** A rational number of seconds: the unit of a stream's timestamps. */
export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

/** Frames that may come before the one that is shown first: H.264 and H.265 reorder 16 at most. */
const MAX_REORDERED = 16;

/**
 * Timestamps of one connection: positions in seconds, and for files the pace.
 *
 * libav gives the first packet of H.264 and H.265 over RTSP no timestamp. It is taken to be one frame
 * before the next in the order of presentation, which is known as soon as two more packets have come.
 */
export class Timeline {
  readonly #timeBase: TimeBase;
  #zero: bigint | null = null;
  /** The timestamps that followed a first packet without one, in their order, while that matters. */
  #early: bigint[] | null = null;
  #last: bigint | null = null;
  #lastDurationSeconds = 0;

  constructor(timeBase: TimeBase) {
    this.#timeBase = timeBase;
  }

  /**
   * Seconds since the connection's first frame; a packet without a timestamp is taken to follow the
   * one before. For a file that starts at 0 this is the position in the clip.
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

  /** The same without noting it: for a picture whose packet was noted when it arrived. */
  peekSeconds(pts: bigint | null): number {
    if (this.#early !== null) {
      if (pts === null) return 0;
      // From here on it must not move any more.
      if (this.#early.length > 1) this.#early = null;
    }
    return this.#secondsSinceZero(pts ?? this.#last);
  }

  /** A file starts again from its beginning. */
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

/** Plays a file at its own speed: tells how long to wait before each packet. */
export class Pace {
  readonly #clock: Clock;
  #startedAtMs: SteadyMs | null = null;
  #endSeconds = 0;
  #stepSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds from now until the moment `positionSeconds` of the clip is due; 0 when it has passed. */
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

  /** The clip starts again, one frame's time after its last frame. */
  rewind(): void {
    if (this.#startedAtMs !== null) {
      const lengthMs = (this.#endSeconds + this.#stepSeconds) * 1000;
      this.#startedAtMs = plusMs(this.#startedAtMs, lengthMs);
    }
    this.#endSeconds = 0;
  }
}
