import type { PointNorm } from "../core/geometry.ts";

/** A rectangle by its edges. */
export interface Edges {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Slopes below it count as level: the quotient of two differences would be all rounding. */
const LEVEL = 1e-9;

/**
 * The area of a polygon within a rectangle, exact for concave polygons as well.
 *
 * Of a vertical line, the polygon covers what lies between its edges, with alternating signs. Limiting
 * each edge to the rectangle's height limits every such piece, so the area is the sum of the areas above
 * the limited edges.
 */
export function areaWithin(polygon: readonly PointNorm[], edges: Edges): number {
  let area = 0;
  let before = polygon.at(-1);
  for (const corner of polygon) {
    if (before !== undefined) area += areaAbove(before, corner, edges);
    before = corner;
  }
  return Math.abs(area);
}

/** The area within the rectangle above the segment from `a` to `b`; negative when it runs to the left. */
function areaAbove(a: PointNorm, b: PointNorm, { left, top, right, bottom }: Edges): number {
  const from = Math.min(right, Math.max(left, a.x));
  const to = Math.min(right, Math.max(left, b.x));
  if (from === to) return 0;
  const slope = (b.y - a.y) / (b.x - a.x);
  // Exactly the corner where the rectangle does not cut the segment.
  const start = (from === a.x ? a.y : a.y + (from - a.x) * slope) - top;
  const end = (to === b.x ? b.y : a.y + (to - a.x) * slope) - top;
  const height = bottom - top;
  const mean = Math.abs(end - start) < LEVEL
    ? Math.min(height, Math.max(0, (start + end) / 2))
    : (limitedIntegral(end, height) - limitedIntegral(start, height)) / (end - start);
  return (to - from) * mean;
}

/** The integral of a value that is limited to 0..`limit`, from 0 to `value`. */
function limitedIntegral(value: number, limit: number): number {
  if (value <= 0) return 0;
  return value < limit ? value * value / 2 : limit * value - limit * limit / 2;
}
