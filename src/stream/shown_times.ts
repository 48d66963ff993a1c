import { latestMs, plusMs, type SteadyMs } from "../core/clock.ts";

/** A stream has B-frames until so many frames have arrived in order. */
const REMEMBERED = 32;
/** Frames that share the delay of the latest: more than lie between two reference frames. */
const GROUP = 8;

/**
 * Computes when frames are presented, to find the one that is nearest to a due time.
 *
 * The decoder outputs frames in presentation order, at even intervals. With B-frames their packets arrive
 * in another order: by arrival the intervals would be 2, 1, 0 frames, and a rate would be uneven. So with
 * B-frames each frame is presented at its PTS plus the longest delay, from PTS to arrival, of the frames
 * around it; without them when it arrived.
 */
export class ShownTimes {
  readonly #delaysMs = new Float64Array(GROUP).fill(-Infinity);
  #frames = 0;
  #lastArrivedAt: SteadyMs | null = null;
  #lastShownAt: SteadyMs | null = null;
  #sinceReordered = Infinity;

  /** When the next frame that the decoder outputs is presented, by its PTS and its packet's arrival. */
  of(ptsMs: number, arrivedAt: SteadyMs): SteadyMs {
    const last = this.#lastArrivedAt;
    this.#sinceReordered = last !== null && arrivedAt < last ? 0 : this.#sinceReordered + 1;
    this.#lastArrivedAt = arrivedAt;
    this.#delaysMs[this.#frames++ % GROUP] = arrivedAt - ptsMs;
    const isReordered = this.#sinceReordered <= REMEMBERED;
    if (!isReordered) return this.#lastShownAt = arrivedAt;
    const shownAt = plusMs(arrivedAt, ptsMs + Math.max(...this.#delaysMs) - arrivedAt);
    // Presentation times decrease only where the stream starts again.
    return this.#lastShownAt = latestMs(this.#lastShownAt ?? shownAt, shownAt);
  }
}
