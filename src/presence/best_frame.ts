/** Which frame shows an object best. */
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, type Scale, scaled, type SizePx } from "../core/geometry.ts";
import type { BestFrame } from "../core/presence_types.ts";

/** An object of this part of the picture's diagonal is large enough: a larger one is not shown better. */
const LARGE_ENOUGH = 0.35;

/** What is left of the score of an object that the edge of the picture cuts off. */
const CUT_OFF = 0.3;

/** A box whose edge is this near to the picture's, as a part of its size, is cut off. */
const AT_EDGE = 0.005;

/** A frame is kept in place of another only when it is this much better. */
const BETTER = 1.15;

/** The shortest interval between two requests to keep a frame, after the first. */
const KEEP_INTERVAL_MS = 500;

/** A request that is not answered within it has failed. */
const KEEP_ANSWER_MS = 2000;

/**
 * How well a frame shows an object, 0..1: confidence × size × not cut off × sharpness.
 * @param seen  what was seen of the picture: all of it, or the region of interest
 */
export function frameScore(
  { confidence, box, sharpness = 1 }: Pick<Detection, "confidence" | "box" | "sharpness">,
  { size, seen }: { readonly size: SizePx; readonly seen: BoxPx },
): number {
  const part = Math.hypot(box.width, box.height) / Math.hypot(size.width, size.height);
  const whole = isCutOff(box, seen) ? CUT_OFF : 1;
  return confidence * Math.min(1, part / LARGE_ENOUGH) * whole * sharpness;
}

function isCutOff(box: BoxPx, seen: BoxPx): boolean {
  const across = AT_EDGE * seen.width;
  const down = AT_EDGE * seen.height;
  return box.x < seen.x + across || box.x + box.width > seen.x + seen.width - across ||
    box.y < seen.y + down || box.y + box.height > seen.y + seen.height - down;
}

/** A frame with its score. */
export interface ScoredFrame {
  readonly frame: BestFrame;
  readonly score: number;
}

/** Chooses the best frame of one stay. Where pictures are kept, it is one that the camera has kept. */
export class BestChoice {
  #best: ScoredFrame;
  /** The score of the picture that the camera has kept; 0 before the first. */
  #keptScore: number;
  #requested: (ScoredFrame & { readonly atMs: SteadyMs }) | null = null;

  /** @param keptScore  of the picture that is already kept, or 0 */
  constructor(first: ScoredFrame, keptScore = 0) {
    this.#best = first;
    this.#keptScore = keptScore;
  }

  get frame(): BestFrame {
    return this.#best.frame;
  }

  /**
   * Begins with the pictures of a stay. The best frame so far counts only when it is much better than the
   * present one, because the camera may have released it.
   */
  requestFirst(present: ScoredFrame, atMs: SteadyMs): void {
    if (this.#best.score < BETTER * present.score) this.#best = present;
    this.#requested = { ...this.#best, atMs };
  }

  /** Considers a frame where no pictures are kept. @returns whether it is the best one now */
  consider(candidate: ScoredFrame): boolean {
    if (candidate.score <= this.#best.score) return false;
    this.#best = candidate;
    return true;
  }

  /** Considers a frame where pictures are kept. @returns whether the camera is to keep it */
  request(candidate: ScoredFrame, atMs: SteadyMs): boolean {
    const { score } = candidate;
    if (score === 0 || score < BETTER * this.#keptScore) return false;
    const before = this.#requested;
    if (before !== null) {
      const ageMs = sinceMs(before.atMs, atMs);
      if (ageMs < KEEP_INTERVAL_MS) return false;
      // It may still be kept, and would then be the worse one.
      if (ageMs < KEEP_ANSWER_MS && score < BETTER * before.score) return false;
    }
    this.#requested = { ...candidate, atMs };
    return true;
  }

  /** Moves the boxes to a picture of another size. */
  scale(by: Scale): void {
    const moved = ({ frame, score }: ScoredFrame): ScoredFrame => ({
      frame: { ...frame, box: scaled(frame.box, by) },
      score,
    });
    this.#best = moved(this.#best);
    const requested = this.#requested;
    if (requested !== null) this.#requested = { ...requested, ...moved(requested) };
  }

  /** The camera has kept a frame. @returns whether it is the best one now */
  kept(seq: number): boolean {
    const requested = this.#requested;
    if (requested === null || requested.frame.seq !== seq) return false;
    this.#best = requested;
    this.#keptScore = requested.score;
    return true;
  }
}
