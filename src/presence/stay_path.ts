/** The path of an object: where it was, with as few points as show it. */
import type { PointPx, SizePx } from "../core/geometry.ts";
import type { PathNorm } from "../core/presence_types.ts";
import { round } from "../core/round.ts";

/** Points of a path at most, beside the newest. */
export const MAX_PATH_POINTS = 32;
/** A point this far from the one before it is one more of the path, at first; a part of the picture. */
const FIRST_STEP = 0.01;
/** Of a fraction of the picture: less than a pixel. */
const DIGITS = 4;

/**
 * Keeps the points of a path that are a step apart. When there are too many, every second one goes, and
 * the step is twice as long.
 */
export class StayPath {
  readonly #kept: number[];
  #step = FIRST_STEP;
  #x = 0;
  #y = 0;

  /** @param kept  the path so far, of a stay that is continued */
  constructor(kept: PathNorm = []) {
    this.#kept = [...kept];
    [this.#x = 0, this.#y = 0] = kept.slice(-2);
  }

  /** The object is at this point of a picture. */
  add({ x, y }: PointPx, { width, height }: SizePx): void {
    this.#x = fraction(x, width);
    this.#y = fraction(y, height);
    const kept = this.#kept;
    const [beforeX, beforeY] = [kept.at(-2), kept.at(-1)];
    if (beforeX !== undefined && beforeY !== undefined) {
      const distance = Math.max(Math.abs(this.#x - beforeX), Math.abs(this.#y - beforeY));
      if (distance < this.#step) return;
    }
    kept.push(this.#x, this.#y);
    if (kept.length > 2 * MAX_PATH_POINTS) this.#thin();
  }

  /** The path up to now. */
  get points(): PathNorm {
    const kept = this.#kept;
    const isKept = kept.at(-2) === this.#x && kept.at(-1) === this.#y;
    return isKept || kept.length === 0 ? [...kept] : [...kept, this.#x, this.#y];
  }

  #thin(): void {
    const kept = this.#kept;
    let length = 0;
    for (let at = 0; at < kept.length; at += 4) {
      kept[length++] = kept[at] ?? 0;
      kept[length++] = kept[at + 1] ?? 0;
    }
    kept.length = length;
    this.#step *= 2;
  }
}

function fraction(at: number, full: number): number {
  return round(Math.min(1, Math.max(0, at / full)), DIGITS);
}
