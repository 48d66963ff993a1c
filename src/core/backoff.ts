/** Bounds of a backoff. */
export interface BackoffOptions {
  /** Upper bound of the first delay. */
  readonly firstMs: number;
  /** Upper bound of every delay. */
  readonly maxMs: number;
  /** Uniform in 0..1. */
  readonly random: () => number;
}

/**
 * Exponential backoff with full jitter: each delay is uniform between nothing and a bound that
 * doubles, so that clients that failed together do not retry together.
 *
 * Source of the formula: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Failures since the last reset. */
  get attempts(): number {
    return this.#attempts;
  }

  /** The delay before the next attempt, in milliseconds. */
  nextMs(): number {
    const { firstMs, maxMs, random } = this.#options;
    // Beyond 2^30 the bound is far over any maximum, and the exponent must not grow for ever.
    const boundMs = Math.min(maxMs, firstMs * 2 ** Math.min(this.#attempts, 30));
    this.#attempts++;
    return random() * boundMs;
  }

  /** Starts again from the first delay, after a success. */
  reset(): void {
    this.#attempts = 0;
  }
}
