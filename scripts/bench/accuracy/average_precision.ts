/**
 * Precision and recall of detections as COCO measures them: one class, all pictures together
 * (https://cocodataset.org/#detection-eval).
 */
import { type BoxPx, commonArea, iou } from "../../../src/core/geometry.ts";

/** An object that is in a picture. */
export interface TrueObject {
  readonly box: BoxPx;
  /** What its size is judged by: its outline where the labels have one, else its box. */
  readonly areaPx: number;
  /** Neither missed when it is not detected, nor a false detection when it is. */
  readonly isIgnored: boolean;
  /** A region with many objects, which any number of detections may lie in. */
  readonly isCrowd: boolean;
}

/** What was detected in a picture. */
export interface ScoredBox {
  readonly confidence: number;
  readonly box: BoxPx;
}

/** What is in one picture, and what was detected in it, of one class. */
export interface JudgedPicture {
  readonly truth: readonly TrueObject[];
  readonly found: readonly ScoredBox[];
}

/** A range of areas in pixels of the picture, both ends included. */
export interface AreaRange {
  readonly fromPx: number;
  readonly toPx: number;
}

/** COCO's sizes of objects. */
export const AREAS = {
  all: { fromPx: 0, toPx: 1e10 },
  small: { fromPx: 0, toPx: 32 ** 2 },
  medium: { fromPx: 32 ** 2, toPx: 96 ** 2 },
  large: { fromPx: 96 ** 2, toPx: 1e10 },
} as const satisfies Readonly<Record<string, AreaRange>>;

/** The name of a range. */
export type AreaName = keyof typeof AREAS;

/** Overlaps that COCO's AP is the mean of: 0.5, 0.55, … 0.95. */
export const COCO_IOUS: readonly number[] = Array.from(
  { length: 10 },
  (_, at) => 0.5 + at * 0.45 / 9,
);
/** Detections of a class that count in a picture, the most confident first. */
export const MAX_FOUND = 100;
/** The recalls at which precision is read: 0, 0.01, … 1. */
const RECALL_STEPS = 100;

/** One detection after matching: whether it is right, or null where it does not count. */
interface Judged {
  readonly confidence: number;
  readonly isRight: boolean | null;
}

/** All detections of a class, the most confident first, and how many objects there are. */
interface Matched {
  readonly judged: readonly Judged[];
  readonly objects: number;
}

/** Options of a measure. */
export interface Match {
  /** Detections that overlap an object by at least that much detect it. */
  readonly iou: number;
  readonly area: AreaRange;
}

/**
 * The mean over recall of the best precision that is reached with at least that recall; null without
 * objects.
 */
export function averagePrecision(pictures: readonly JudgedPicture[], match: Match): number | null {
  const { judged, objects } = matchAll(pictures, match);
  if (objects === 0) return null;
  const points: { readonly recall: number; precision: number }[] = [];
  let right = 0;
  let wrong = 0;
  for (const { isRight } of judged) {
    if (isRight === null) continue;
    if (isRight) right++;
    else wrong++;
    points.push({ recall: right / objects, precision: right / (right + wrong) });
  }
  let best = 0;
  for (const point of points.toReversed()) best = point.precision = Math.max(best, point.precision);
  let sum = 0;
  let at = 0;
  for (let step = 0; step <= RECALL_STEPS; step++) {
    const recall = step === RECALL_STEPS ? 1 : step * 0.01;
    while (at < points.length && (points[at]?.recall ?? 0) < recall) at++;
    sum += points[at]?.precision ?? 0;
  }
  return sum / (RECALL_STEPS + 1);
}

/** COCO's AP: the mean over {@link COCO_IOUS}; null without objects. */
export function cocoAp(pictures: readonly JudgedPicture[], area: AreaRange): number | null {
  return meanOf(COCO_IOUS.map((iou) => averagePrecision(pictures, { iou, area })));
}

/** The share of objects that are detected, and of detections that are right; null where there are none. */
export interface AtThreshold {
  readonly recall: number | null;
  readonly precision: number | null;
}

/** Recall and precision of the detections from a confidence on. */
export function atThreshold(
  pictures: readonly JudgedPicture[],
  { confidence, ...match }: Match & { readonly confidence: number },
): AtThreshold {
  const kept = pictures.map(({ truth, found }) => ({
    truth,
    found: found.filter((one) => one.confidence >= confidence),
  }));
  const { judged, objects } = matchAll(kept, match);
  const right = judged.filter(({ isRight }) => isRight === true).length;
  const counted = judged.filter(({ isRight }) => isRight !== null).length;
  return {
    recall: objects === 0 ? null : right / objects,
    precision: counted === 0 ? null : right / counted,
  };
}

/** The mean of the values that are there; null when none is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const there = values.filter((value) => value !== null);
  return there.length === 0 ? null : there.reduce((sum, value) => sum + value, 0) / there.length;
}

function matchAll(pictures: readonly JudgedPicture[], match: Match): Matched {
  const each = pictures.map((picture) => matchOne(picture, match));
  return {
    judged: each.flatMap(({ judged }) => judged).toSorted(byConfidence),
    objects: each.reduce((sum, { objects }) => sum + objects, 0),
  };
}

/**
 * Gives each detection, the most confident first, the object that it overlaps most and that none before it
 * has; one that counts goes before one that is ignored, or is outside the range.
 */
function matchOne({ truth, found }: JudgedPicture, { iou, area }: Match): Matched {
  const objects = truth.map((object) => ({
    object,
    isIgnored: object.isIgnored || object.isCrowd || !isWithin(object.areaPx, area),
    isTaken: false,
  })).toSorted((a, b) => Number(a.isIgnored) - Number(b.isIgnored));
  const judged = found.toSorted(byConfidence).slice(0, MAX_FOUND).map(({ box, confidence }) => {
    let best: typeof objects[number] | null = null;
    let bestOverlap = iou;
    for (const candidate of objects) {
      if (candidate.isTaken && !candidate.object.isCrowd) continue;
      if (best !== null && !best.isIgnored && candidate.isIgnored) break;
      const overlap = overlapOf(box, candidate.object);
      if (overlap < bestOverlap) continue;
      best = candidate;
      bestOverlap = overlap;
    }
    if (best === null) {
      return { confidence, isRight: isWithin(box.width * box.height, area) ? false : null };
    }
    best.isTaken = true;
    return { confidence, isRight: best.isIgnored ? null : true };
  });
  return { judged, objects: objects.filter(({ isIgnored }) => !isIgnored).length };
}

/** Intersection over union; for a crowd, over the detection: it may cover any part of the region. */
function overlapOf(found: BoxPx, { box, isCrowd }: TrueObject): number {
  if (!isCrowd) return iou(found, box);
  const both = commonArea(found, box);
  return both === 0 ? 0 : both / (found.width * found.height);
}

function isWithin(areaPx: number, { fromPx, toPx }: AreaRange): boolean {
  return areaPx >= fromPx && areaPx <= toPx;
}

function byConfidence(a: { confidence: number }, b: { confidence: number }): number {
  return b.confidence - a.confidence;
}
