/**
 * Masks, zones, lines and presence as people write them, in the configuration and in commands alike. Of
 * an object there is only the shape here: each side makes it strict, with error texts of its own.
 */
import { z } from "zod";
import type { PointNorm } from "./geometry.ts";
import { flatProblem, polygonProblem } from "./polygon.ts";
import { type Line, WHOLE_PICTURE, type Zone } from "./presence_types.ts";
import { addProblem, boundedText, fraction, id, list, number, whole } from "./schema_parts.ts";

/** Bounds of the polygons, zones and lines of a camera. */
export const MAX_MASKS = 32;
export const MAX_ZONES = 32;
export const MAX_LINES = 32;
export const MAX_POLYGON_POINTS = 64;
const MAX_ZONE_CLASSES = 64;
/** As much as the names of a model's classes are cut to. */
const MAX_CLASS_NAME_LENGTH = 64;
/** Bounds of the presence of a detector. */
const MAX_START_FRAMES = 100;
const MIN_END_SECONDS = 0.5;
const MAX_END_SECONDS = 3600;
const MIN_UPDATE_SECONDS = 0.1;
const MAX_UPDATE_SECONDS = 3600;

const point = z.tuple([fraction, fraction], {
  error: "a point [x, y] with fractions of the frame",
});
const polygon = list(
  point,
  `3 to ${MAX_POLYGON_POINTS} points [x, y]`,
  { min: 3, max: MAX_POLYGON_POINTS },
);

type WrittenPoint = z.output<typeof point>;
type WrittenPolygon = z.output<typeof polygon>;

const maskPolygon = polygon.superRefine((points, context) => {
  const problem = flatProblem(points.map(pointOf));
  if (problem !== null) addProblem(context, problem);
});

/** Polygons that may cross themselves. */
export const masks = list(maskPolygon, `at most ${MAX_MASKS} polygons`, { min: 0, max: MAX_MASKS });

const zonePolygon = polygon.superRefine((points, context) => {
  // What is out of bounds is reported by its own schema; the check below takes quadratic time.
  if (points.length < 3 || points.length > MAX_POLYGON_POINTS) return;
  if (points.flat().some((value) => !(value >= 0 && value <= 1))) return;
  const problem = polygonProblem(points.map(pointOf));
  if (problem !== null) addProblem(context, problem);
});

const zoneId = id.superRefine((written, context) => {
  if (written !== WHOLE_PICTURE) return;
  addProblem(context, {
    message: `cannot be "${WHOLE_PICTURE}": that is the whole picture`,
    remedy: "Give the zone another id.",
  });
});

export const zoneShape = {
  id: zoneId.describe("Names the zone in topics; unique within the camera, and not all."),
  polygon: zonePolygon.describe("Points [x, y] in fractions of the picture as shown."),
  classes: list(
    boundedText(
      `a class name of 1 to ${MAX_CLASS_NAME_LENGTH} characters`,
      MAX_CLASS_NAME_LENGTH,
    ),
    `a list of 1 to ${MAX_ZONE_CLASSES} class names`,
    { min: 1, max: MAX_ZONE_CLASSES },
  ).optional().describe("The names of the classes that count; absent for all."),
};

export const lineShape = {
  id: id.describe("Names the line in topics; unique within the camera."),
  from: point.describe("[x, y] in fractions of the picture as shown."),
  to: point.describe("The other end: left and right are those of a walk from one to the other."),
};

/** Lists of a camera, of the objects that each side made of the shapes. */
export function zoneList<T extends z.ZodType<{ readonly id: string }>>(zone: T) {
  return list(zone, `at most ${MAX_ZONES} zones`, { min: 0, max: MAX_ZONES })
    .superRefine(uniqueIds("zone"));
}

export function lineList<T extends z.ZodType<{ readonly id: string }>>(line: T) {
  return list(line, `at most ${MAX_LINES} lines`, { min: 0, max: MAX_LINES })
    .superRefine(uniqueIds("line"));
}

function uniqueIds(what: "zone" | "line") {
  return (items: readonly { readonly id: string }[], context: z.RefinementCtx) => {
    const seen = new Set<string>();
    for (const [index, { id }] of items.entries()) {
      if (seen.has(id)) {
        const remedy = `Give each ${what} of a camera an id of its own.`;
        addProblem(context, { message: `is the id of another ${what}`, remedy }, [index, "id"]);
      }
      seen.add(id);
    }
  };
}

/** A check of a line: it has a direction. */
export function hasDirection(
  { from, to }: { readonly from: WrittenPoint; readonly to: WrittenPoint },
  context: z.RefinementCtx,
): void {
  if (from[0] !== to[0] || from[1] !== to[1]) return;
  addProblem(context, {
    message: "begins and ends at one point",
    remedy: "Write two different points as from and to.",
  });
}

export const startShape = {
  frames: whole(1, MAX_START_FRAMES).describe("In how many of them an object must be seen."),
  of: whole(1, MAX_START_FRAMES).describe("How many of the newest inferences count."),
};

/** A check of when a stay starts: it can. */
export function canStart(
  { frames, of }: { readonly frames: number; readonly of: number },
  context: z.RefinementCtx,
): void {
  if (frames <= of) return;
  addProblem(context, {
    message: `wants ${frames} frames of ${of}`,
    remedy: "Write frames no larger than of.",
  });
}

export const endSeconds = number(MIN_END_SECONDS, MAX_END_SECONDS)
  .describe("A stay ends this long after its object was last seen.");

const UPDATE = `0 or a number within ${MIN_UPDATE_SECONDS} and ${MAX_UPDATE_SECONDS}`;

export const updateSeconds = z.number({ error: UPDATE }).min(0, { error: UPDATE })
  .max(MAX_UPDATE_SECONDS, { error: UPDATE }).superRefine((written, context) => {
    if (written <= 0 || written >= MIN_UPDATE_SECONDS) return;
    addProblem(context, { message: `cannot be ${written}`, remedy: `Write ${UPDATE}.` });
  }).describe("The shortest interval between two updates of a stay; 0: none are sent.");

type WrittenZone = z.output<z.ZodObject<typeof zoneShape>>;
type WrittenLine = z.output<z.ZodObject<typeof lineShape>>;

function pointOf([x, y]: WrittenPoint): PointNorm {
  return { x, y };
}

export function polygonOf(points: WrittenPolygon): PointNorm[] {
  return points.map(pointOf);
}

export function zoneOf({ id, polygon, classes }: WrittenZone): Zone {
  return { id, polygon: polygonOf(polygon), classes: classes ?? null };
}

export function lineOf({ id, from, to }: WrittenLine): Line {
  return { id, from: pointOf(from), to: pointOf(to) };
}

function writtenPoint({ x, y }: PointNorm): WrittenPoint {
  return [x, y];
}

/** A polygon, a zone, a line as they are written, for what is shown of them. */
export function writtenPolygon(polygon: readonly PointNorm[]): WrittenPolygon {
  return polygon.map(writtenPoint);
}

export function writtenZone({ id, polygon, classes }: Zone): WrittenZone {
  const written = { id, polygon: writtenPolygon(polygon) };
  return classes === null ? written : { ...written, classes: [...classes] };
}

export function writtenLine({ id, from, to }: Line): WrittenLine {
  return { id, from: writtenPoint(from), to: writtenPoint(to) };
}

/**
 * Finds the classes that detectors can detect, as far as their configuration shows.
 * @param selected  of each detector the classes that it selects; null for all of its model's
 * @returns null where it does not show: there is no detector, one selects all, or one selects by number
 */
export function selectedClasses(selected: readonly (readonly unknown[] | null)[]): string[] | null {
  if (selected.length === 0) return null;
  const names: string[] = [];
  for (const classes of selected) {
    if (classes === null) return null;
    for (const name of classes) {
      if (typeof name !== "string") return null;
      names.push(name);
    }
  }
  return names;
}
