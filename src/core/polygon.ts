/** Whether a polygon is one: its sides neither cross nor touch, and it has an area. */
import type { PointNorm } from "./geometry.ts";
import type { ValueProblem } from "./schema_parts.ts";

/** The least area, as a part of the picture: a pixel of 1000 × 1000. */
const MIN_AREA = 1e-6;

/** Below it a cross product of fractions is taken for 0: they have rounding errors. */
const FLAT = 1e-12;

const NO_AREA: ValueProblem = {
  message: "has no area",
  remedy: "Write the corners in order around the area, not all on one line.",
};

/**
 * Finds why the area of a polygon is not defined, or null. Takes quadratic time.
 * @param points  three or more
 */
export function polygonProblem(points: readonly PointNorm[]): ValueProblem | null {
  const repeated = points.findIndex(({ x, y }, index) =>
    points.findIndex((point) => point.x === x && point.y === y) < index
  );
  const corner = points[repeated];
  if (corner !== undefined) {
    return {
      message: `has the corner [${corner.x}, ${corner.y}] twice`,
      remedy: "Remove the second one; the last corner is joined to the first by itself.",
    };
  }
  if (isFlat(points)) return NO_AREA;
  const sides = points.map((from, index): Side => [from, points[index + 1] ?? points[0] ?? from]);
  const crossed = crossedSides(sides);
  if (crossed === null) return areaOf(points) < MIN_AREA ? NO_AREA : null;
  const [one, other] = crossed;
  return {
    message: `crosses or touches itself, from corner ${one + 1} and from corner ${other + 1} on`,
    remedy: "Write the corners in order around the area.",
  };
}

/** Finds whether a polygon covers nothing; it may cross itself. */
export function flatProblem(points: readonly PointNorm[]): ValueProblem | null {
  return isFlat(points) ? NO_AREA : null;
}

type Side = readonly [from: PointNorm, to: PointNorm];

/** Whether all points are on one line. */
function isFlat(points: readonly PointNorm[]): boolean {
  const [first] = points;
  const second = points.find(({ x, y }) => x !== first?.x || y !== first.y);
  if (first === undefined || second === undefined) return true;
  return points.every((point) => turn(first, second, point) === 0);
}

/** The numbers of the first two sides that have more in common than a corner that joins them. */
function crossedSides(sides: readonly Side[]): readonly [number, number] | null {
  for (const [index, one] of sides.entries()) {
    for (let other = index + 1; other < sides.length; other++) {
      const side = sides[other];
      if (side === undefined) continue;
      const isNext = other === index + 1;
      const isBefore = index === 0 && other === sides.length - 1;
      const crosses = isNext
        ? foldsBack(one, side)
        : isBefore
        ? foldsBack(side, one)
        : touches(one, side);
      if (crosses) return [index, other];
    }
  }
  return null;
}

/** Whether the second side, which begins where the first ends, leads back over it. */
function foldsBack([from, corner]: Side, [, to]: Side): boolean {
  if (turn(from, corner, to) !== 0) return false;
  return (corner.x - from.x) * (to.x - corner.x) + (corner.y - from.y) * (to.y - corner.y) < 0;
}

/** Whether two sides have a point in common. */
function touches([a, b]: Side, [c, d]: Side): boolean {
  const [atC, atD] = [turn(a, b, c), turn(a, b, d)];
  const [atA, atB] = [turn(c, d, a), turn(c, d, b)];
  if (atC * atD < 0 && atA * atB < 0) return true;
  return (atC === 0 && isBetween(a, b, c)) || (atD === 0 && isBetween(a, b, d)) ||
    (atA === 0 && isBetween(c, d, a)) || (atB === 0 && isBetween(c, d, b));
}

/** Whether a point on the line of a side is on the side. */
function isBetween(from: PointNorm, to: PointNorm, point: PointNorm): boolean {
  return Math.min(from.x, to.x) <= point.x && point.x <= Math.max(from.x, to.x) &&
    Math.min(from.y, to.y) <= point.y && point.y <= Math.max(from.y, to.y);
}

/** Which way the path over three points turns: 1, -1, or 0 where they are on one line. */
function turn(a: PointNorm, b: PointNorm, c: PointNorm): number {
  const cross = (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
  return Math.abs(cross) < FLAT ? 0 : Math.sign(cross);
}

/** The area of a polygon that does not cross itself. */
function areaOf(points: readonly PointNorm[]): number {
  let twice = 0;
  let before = points.at(-1);
  for (const point of points) {
    if (before !== undefined) twice += before.x * point.y - point.x * before.y;
    before = point;
  }
  return Math.abs(twice) / 2;
}
