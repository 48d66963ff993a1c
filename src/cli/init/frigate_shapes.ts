/** Polygons of Frigate: fractions or pixels, in each of the forms that its releases write. */
import { flatProblem, polygonProblem } from "../../core/polygon.ts";
import { round } from "../../core/round.ts";
import { MAX_POLYGON_POINTS } from "../../core/scene_schema.ts";
import { flagOf, keysOf, numberOf } from "./frigate_values.ts";
import { lookUp } from "../../config/issues.ts";

/** The frame that coordinates in pixels refer to. */
export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

export type Corner = readonly [x: number, y: number];

/** A polygon in fractions, or why there is none. */
export type Shape =
  | { readonly polygon: readonly Corner[] }
  | { readonly problem: string };

/** Digits of a fraction: a tenth of a pixel of 1000. */
const DIGITS = 4;

/** @param size  of the frame; null where the file does not say it */
function shapeOf(written: unknown, size: FrameSize | null): Shape {
  const numbers = numbersOf(written);
  if (numbers === null || numbers.length % 2 === 1) return { problem: "these are no coordinates" };
  const isFractions = numbers.every((value) => value <= 1);
  if (!isFractions && size === null) {
    return { problem: "in pixels, and detect.width and detect.height do not say of which picture" };
  }
  const { width, height } = isFractions || size === null ? { width: 1, height: 1 } : size;
  const corners: Corner[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    const corner = [partOf(numbers[index], width), partOf(numbers[index + 1], height)] as const;
    if (!corners.some((other) => isSame(other, corner))) corners.push(corner);
  }
  if (corners.length < 3) return { problem: "it has fewer than three corners" };
  if (corners.length <= MAX_POLYGON_POINTS) return { polygon: corners };
  return { problem: `it has ${corners.length} corners, of at most ${MAX_POLYGON_POINTS}` };
}

/** The shape of a mask, whose sides may cross. */
export function maskShapeOf(written: unknown, size: FrameSize | null): Shape {
  return checked(shapeOf(written, size), flatProblem);
}

/** The shape of a zone, whose sides must not cross. */
export function zoneShapeOf(written: unknown, size: FrameSize | null): Shape {
  return checked(shapeOf(written, size), polygonProblem);
}

function checked(shape: Shape, problemOf: typeof polygonProblem): Shape {
  if ("problem" in shape) return shape;
  const problem = problemOf(shape.polygon.map(([x, y]) => ({ x, y })));
  return problem === null ? shape : { problem: `it ${problem.message}` };
}

/**
 * The masks of a key: one text, a list of texts, or since 0.18 a map of named ones, which can be disabled.
 * @returns each with its name; without those that are disabled
 */
export function masksIn(written: unknown): (readonly [name: string, coordinates: unknown])[] {
  if (written === undefined || written === null || written === "") return [];
  if (Array.isArray(written)) {
    return written.map((each, index) => [`[${index}]`, each] as const);
  }
  const names = keysOf(written);
  if (names.length === 0) return [["", written]];
  return names.flatMap((name) => {
    if (!flagOf(lookUp(written, [name, "enabled"]), true)) return [];
    return [[`.${name}`, lookUp(written, [name, "coordinates"])] as const];
  });
}

/** The numbers of `x,y,x,y` or of a list of `x,y`; null where they are none. */
function numbersOf(written: unknown): number[] | null {
  const text = Array.isArray(written) ? written.join(",") : written;
  if (typeof text !== "string") return null;
  // Releases before 0.9 began a polygon with its kind.
  const numbers = text.replace(/^\s*poly\s*,/, "").split(",").map(numberOf);
  return numbers.every((each) => each !== null) ? numbers : null;
}

/** A coordinate as a fraction; what is outside of the picture is moved to its edge. */
function partOf(value: number | undefined, whole: number): number {
  return round(Math.min(Math.max((value ?? 0) / whole, 0), 1), DIGITS);
}

function isSame([x, y]: Corner, [otherX, otherY]: Corner): boolean {
  return x === otherX && y === otherY;
}
