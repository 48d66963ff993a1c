import { latestMs, plusMs, type SteadyMs } from "../core/clock.ts";

/** Frames after the last one out of order that a stream is still taken to have B-frames. */
const REMEMBERED = 32;
/** Frames of which the latest is what the others are shown by: more than lie between two references. */
const GROUP = 8;

/**
 * When frames are shown, for choosing the one that is nearest to a due time.
 *
 * Frames come out of the decoder in the order in which they are shown, at even distances; their packets
 * came in another order where there are B-frames, so that by arrival the distances would be 2, 1, 0
 * frames and a rate would be kept unevenly. There each is shown as long after its presentation time as
 * the latest of those around it arrived. Without B-frames it is shown when it arrived.
 */
export class ShownTimes {
  readonly #delaysMs = new Float64Array(GROUP).fill(-Infinity);
  #frames = 0;
  #lastArrivedAt: SteadyMs | null = null;
  #lastShownAt: SteadyMs | null = null;
  #sinceReordered = Infinity;

  /** The next frame that came out: its presentation time, and when its packet arrived. */
  of(ptsMs: number, arrivedAt: SteadyMs): SteadyMs {
    const last = this.#lastArrivedAt;
    this.#sinceReordered = last !== null && arrivedAt < last ? 0 : this.#sinceReordered + 1;
    this.#lastArrivedAt = arrivedAt;
    this.#delaysMs[this.#frames++ % GROUP] = arrivedAt - ptsMs;
    const isReordered = this.#sinceReordered <= REMEMBERED;
    if (!isReordered) return this.#lastShownAt = arrivedAt;
    const shownAt = plusMs(arrivedAt, ptsMs + Math.max(...this.#delaysMs) - arrivedAt);
    // Presentation times of ours go back only where the stream begins anew.
    return this.#lastShownAt = latestMs(this.#lastShownAt ?? shownAt, shownAt);
  }
}
