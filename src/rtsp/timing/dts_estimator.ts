/** Pictures that may be decoded before one that is shown earlier: 16 at most in H.264 and H.265. */
const MAX_REORDERED = 16;

/**
 * Decoding times from presentation times: with B-frames, units are sent in another order than shown,
 * but at even distances. The depth of reordering is learnt from the stream.
 */
export class DtsEstimator {
  /** The highest presentation times so far, in ascending order: one more than the depth. */
  readonly #highest = new Float64Array(MAX_REORDERED + 1);
  #count = 0;
  #last = -Infinity;

  /** The next unit in decoding order; what it returns never goes back. */
  unit(pts: number): number {
    let place = this.#count;
    while (place > 0 && (this.#highest[place - 1] ?? 0) > pts) place--;
    const isDeeper = place === 0 && this.#count <= MAX_REORDERED;
    if (isDeeper) {
      this.#highest.copyWithin(1, 0, this.#count++);
      this.#highest[0] = pts;
    } else if (place > 0) {
      this.#highest.copyWithin(0, 1, place);
      this.#highest[place - 1] = pts;
    }
    this.#last = Math.max(this.#last, this.#highest[0] ?? pts);
    return this.#last;
  }
}
