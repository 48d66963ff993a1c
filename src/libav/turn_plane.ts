import type { Walk } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";

/** Values of a column lie far apart in memory; within so many rows and columns they stay in the cache. */
const TILE = 64;

/** A rectangle within a plane. */
export interface PlanePart extends SizePx {
  /** Of its top left value, in values. */
  readonly start: number;
  /** From one row to the next, in values. */
  readonly stride: number;
}

/**
 * Writes a turned picture into one plane of a tensor: floats that lie in `from` as coded, into the
 * rectangle of `to` as shown.
 * @param offset  where the coded plane begins
 */
export function turnPlane(
  { from, offset, walk }: {
    readonly from: Float32Array;
    readonly offset: number;
    readonly walk: Walk;
  },
  to: Float32Array,
  part: PlanePart,
): void {
  const { stepX, stepY } = walk;
  const { width, height, start, stride } = part;
  const first = offset + walk.start;
  for (let top = 0; top < height; top += TILE) {
    const bottom = Math.min(height, top + TILE);
    for (let left = 0; left < width; left += TILE) {
      const right = Math.min(width, left + TILE);
      for (let y = top; y < bottom; y++) {
        // imul, since 0 times a step back is -0 to `*`, and that makes floats of all that follows.
        let at = first + Math.imul(y, stepY) + Math.imul(left, stepX);
        const end = start + y * stride + right;
        for (let into = start + y * stride + left; into < end; into++) {
          to[into] = from[at] ?? 0;
          at += stepX;
        }
      }
    }
  }
}
