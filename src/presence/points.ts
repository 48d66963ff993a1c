import type { BoxPx, PointPx } from "../core/geometry.ts";

export interface SegmentPx {
  readonly from: PointPx;
  readonly to: PointPx;
}

/** The centre of the bottom edge: where a standing object touches the ground. */
export function bottomCentre({ x, y, width, height }: BoxPx): PointPx {
  return { x: x + width / 2, y: y + height };
}

/** On which side of a line a point is: negative to the left of its direction, as the picture is shown. */
export function side(point: PointPx, { from, to }: SegmentPx): number {
  return (to.x - from.x) * (point.y - from.y) - (to.y - from.y) * (point.x - from.x);
}

/** The distance between two points. */
export function distancePx({ from, to }: SegmentPx): number {
  return Math.hypot(to.x - from.x, to.y - from.y);
}

export function distanceToSegmentPx(point: PointPx, { from, to }: SegmentPx): number {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length2 = dx * dx + dy * dy;
  const along = length2 === 0
    ? 0
    : Math.min(1, Math.max(0, ((point.x - from.x) * dx + (point.y - from.y) * dy) / length2));
  return Math.hypot(point.x - from.x - along * dx, point.y - from.y - along * dy);
}

/** Whether two segments meet. */
export function meet(one: SegmentPx, other: SegmentPx): boolean {
  return side(one.from, other) * side(one.to, other) <= 0 &&
    side(other.from, one) * side(other.to, one) <= 0;
}
