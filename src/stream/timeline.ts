import type { Clock } from "../core/clock.ts";

/** A file that fell further behind than this goes on from here instead of catching up in a burst. */
const MAX_LAG_MS = 1000;

/** A rational number of seconds: the unit of a stream's timestamps. */
export interface TimeBase {
  readonly num: number;
  readonly den: number;
}

/** Timestamps of one connection: positions in seconds, and for files the pace. */
export class Timeline {
  readonly #timeBase: TimeBase;
  #first: bigint | null = null;
  #last: bigint | null = null;
  #lastDurationSeconds = 0;

  constructor(timeBase: TimeBase) {
    this.#timeBase = timeBase;
  }

  /**
   * Seconds since the connection's first timestamp; a packet without one is taken to follow the one
   * before. For a file that starts at 0 this is the position in the clip.
   */
  positionSeconds(pts: bigint | null): number {
    if (pts === null) return this.#secondsSinceFirst(this.#last) + this.#lastDurationSeconds;
    this.#first ??= pts;
    if (this.#last !== null && pts > this.#last) {
      this.#lastDurationSeconds = this.#seconds(pts - this.#last);
    }
    this.#last = pts;
    return this.#secondsSinceFirst(pts);
  }

  /** The same without noting it: for a picture whose packet was noted when it arrived. */
  peekSeconds(pts: bigint | null): number {
    return this.#secondsSinceFirst(pts ?? this.#last);
  }

  /** A file starts again from its beginning. */
  rewind(): void {
    this.#last = null;
  }

  #secondsSinceFirst(pts: bigint | null): number {
    return pts === null || this.#first === null ? 0 : this.#seconds(pts - this.#first);
  }

  #seconds(units: bigint): number {
    return Number(units) * this.#timeBase.num / this.#timeBase.den;
  }
}

/** Plays a file at its own speed: tells how long to wait before each packet. */
export class Pace {
  readonly #clock: Clock;
  #startedAtMs: number | null = null;
  #endSeconds = 0;
  #stepSeconds = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds from now until the moment `positionSeconds` of the clip is due; 0 when it has passed. */
  waitMs(positionSeconds: number): number {
    const nowMs = this.#clock.nowMs();
    this.#startedAtMs ??= nowMs - positionSeconds * 1000;
    if (positionSeconds > this.#endSeconds) {
      this.#stepSeconds = positionSeconds - this.#endSeconds;
      this.#endSeconds = positionSeconds;
    }
    const waitMs = this.#startedAtMs + positionSeconds * 1000 - nowMs;
    if (waitMs < -MAX_LAG_MS) this.#startedAtMs -= waitMs;
    return Math.max(0, waitMs);
  }

  /** The clip starts again, one frame's time after its last frame. */
  rewind(): void {
    if (this.#startedAtMs !== null) {
      this.#startedAtMs += (this.#endSeconds + this.#stepSeconds) * 1000;
    }
    this.#endSeconds = 0;
  }
}
