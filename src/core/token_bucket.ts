import type { Clock, SteadyMs } from "./clock.ts";

/** How much may be done at once, and how often more. */
export interface BucketSize {
  readonly burst: number;
  readonly perSecond: number;
}

/** Limits a rate: it holds tokens, and gets new ones as time passes. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #size: BucketSize;
  #tokens: number;
  #filledAtMs: SteadyMs;

  constructor(clock: Clock, size: BucketSize) {
    this.#clock = clock;
    this.#size = size;
    this.#tokens = size.burst;
    this.#filledAtMs = clock.nowMs();
  }

  /** Takes a token. @returns false if there is none */
  take(): boolean {
    const { burst, perSecond } = this.#size;
    const nowMs = this.#clock.nowMs();
    const since = (nowMs - this.#filledAtMs) / 1_000 * perSecond;
    this.#tokens = Math.min(burst, this.#tokens + since);
    this.#filledAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
