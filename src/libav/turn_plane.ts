import type { Walk } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";

/** Rows and columns of a tile: small enough that its values stay in the cache. */
const TILE = 64;

/** A rectangle within a plane. */
export interface PlanePart extends SizePx {
  /** Index of its top left value. */
  readonly start: number;
  /** Values from one row to the next. */
  readonly stride: number;
}

/**
 * Writes a rotated or mirrored image into one plane of a tensor: reads floats in coded order from `from`
 * and writes them in display order into a rectangle of `to`.
 * @param offset  index of the first value of the coded plane
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
        // imul, since `*` yields -0 for 0 times a negative step, and V8 then uses floats.
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
