/** A camera that looks down obliquely, and where it shows what stands on the ground. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import { SIZE } from "../../../tests/support/presence/rig.ts";

const FOCAL_PX = 900;
const ABOVE_GROUND_METRES = 2.8;
const DOWN_RADIANS = 20 * Math.PI / 180;
const SIN = Math.sin(DOWN_RADIANS);
const COS = Math.cos(DOWN_RADIANS);

/** A place on the ground, in metres: to the right of the camera, and away from it. */
export interface Ground {
  readonly x: number;
  readonly away: number;
}

/** What stands on the ground: its height, and its width in heights. */
export interface Upright {
  readonly metres: number;
  readonly aspect: number;
}

/** Where what stands at a place is shown, if need be beyond the picture. */
export function boxAt(at: Ground, { metres, aspect }: Upright): BoxPx {
  const y = rowOf(at.away, metres);
  const height = rowOf(at.away, 0) - y;
  const width = aspect * height;
  const centre = SIZE.width / 2 + FOCAL_PX * at.x / depth(at.away, 0);
  return { x: centre - width / 2, y, width, height };
}

/** How far the view reaches to either side, in metres. */
export function halfViewMetres(away: number): number {
  return depth(away, 0) * SIZE.width / 2 / FOCAL_PX;
}

export function isInView({ x, away }: Ground): boolean {
  return Math.abs(x) <= halfViewMetres(away);
}

/** The part of a box that lies within the picture. */
export function withinPicture({ x, y, width, height }: BoxPx): BoxPx {
  const left = Math.max(0, x);
  const top = Math.max(0, y);
  return {
    ...{ x: left, y: top },
    width: Math.min(SIZE.width, x + width) - left,
    height: Math.min(SIZE.height, y + height) - top,
  };
}

/** The row of the picture that shows what is so far away, and so high above the ground. */
function rowOf(away: number, metres: number): number {
  const below = (ABOVE_GROUND_METRES - metres) * COS - away * SIN;
  return SIZE.height / 2 + FOCAL_PX * below / depth(away, metres);
}

/** How far in front of the camera, along its axis. */
function depth(away: number, metres: number): number {
  return away * COS + (ABOVE_GROUND_METRES - metres) * SIN;
}
