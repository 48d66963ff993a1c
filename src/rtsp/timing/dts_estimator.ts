/** The most pictures that may precede one in decoding order but follow it in output order (H.264, H.265). */
const MAX_REORDERED = 16;

/**
 * Estimates decoding times (DTS) from presentation times (PTS): with B-frames, units are sent out of
 * presentation order, but at even intervals. Learns the reordering depth from the stream.
 */
export class DtsEstimator {
  /** The highest PTS so far, in ascending order: one more than the depth. */
  readonly #highest = new Float64Array(MAX_REORDERED + 1);
  #count = 0;
  #last = -Infinity;

  /** @returns the DTS of the next unit in decoding order; never less than the previous one */
  next(pts: number): number {
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
