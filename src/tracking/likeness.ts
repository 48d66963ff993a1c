/** How well a detection continues a track: three measures, one for each round of the association. */
import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, iou } from "../core/geometry.ts";
import type { Entry } from "./track_table.ts";

/** The least overlap, times the confidence, of a track and a confident detection: 0.2 as in ByteTrack. */
const OVERLAP_MIN = 0.2;
/** The least overlap with a weak detection: 0.5 as in ByteTrack. */
const WEAK_OVERLAP_MIN = 0.5;

/** What a track that is not seen loses against one that is, per second, and at most. */
const LOST_COST = { perSecond: 0.1, most: 0.2 } as const;

/** How far from where it was expected, or last seen, an object may be, in heights of its box. */
const REACH = {
  /** At once: the box of the same object, with another part of it hidden. */
  atOnce: 0.3,
  /** A walker of 1.4 m/s and 1.7 m makes 0.8. */
  perSecond: 1.2,
  most: 3.5,
} as const;
/** How many times as high or as wide as the other one of two boxes of one object may be. */
const SIZE_RATIO_MAX = { height: 1.8, width: 3 } as const;

/** What counts beside the distance in heights. */
const FURTHER_COSTS = {
  /** Each second that the track was not seen. */
  perSecond: 0.4,
  /** The sizes differ by a factor of e. */
  size: 1.5,
  /** The track was seen once: it may be a false detection. */
  new: 0.2,
} as const;

/** A detection of the present frame whose box is one. */
export interface Column {
  readonly detection: Detection;
  readonly isWeak: boolean;
  /** Its place in the list of its frame. */
  readonly place: number;
  /** The track that it continues or begins. */
  entry: Entry | null;
  /** The nearest track, its cost, and the cost of the second nearest. */
  nearest: number;
  nearestCost: number;
  secondCost: number;
}

/** By overlap and confidence; above 0 where they may be one. */
export function overlapWeight(entry: Entry, { detection }: Column): number {
  const overlap = iou(entry.expected, detection.box);
  const fused = overlap * detection.confidence;
  if (fused < OVERLAP_MIN || entry.class !== detection.class) return 0;
  const lost = Math.min(LOST_COST.most, LOST_COST.perSecond * Math.abs(entry.ageSeconds));
  return Math.max(0.01, fused - OVERLAP_MIN - lost);
}

/** By overlap alone, for weak detections; above 0 where they may be one. */
export function weakWeight(entry: Entry, { detection }: Column): number {
  const overlap = iou(entry.expected, detection.box);
  if (overlap < WEAK_OVERLAP_MIN || entry.class !== detection.class) return 0;
  return overlap - WEAK_OVERLAP_MIN + 0.01;
}

/** By distance and size, for tracks that overlap nothing; Infinity where they cannot be one. */
export function distanceCost(entry: Entry, { detection }: Column): number {
  const { box } = detection;
  const height = Math.min(entry.box.height, box.height);
  const age = Math.abs(entry.ageSeconds);
  const reach = Math.min(REACH.most, REACH.atOnce + REACH.perSecond * age) *
    Math.max(entry.box.height, box.height);
  const expected = distance(entry.expected, box);
  // Not far from where it was last seen, when it has stopped or turned.
  const stopped = distance(entry.box, box);
  if (Math.min(expected, stopped) > reach || entry.class !== detection.class) return Infinity;
  const higher = Math.abs(Math.log(box.height / entry.box.height));
  const wider = Math.abs(Math.log(box.width / entry.box.width));
  if (higher > Math.log(SIZE_RATIO_MAX.height)) return Infinity;
  if (wider > Math.log(SIZE_RATIO_MAX.width)) return Infinity;
  const far = (expected + Math.min(expected, stopped)) / 2 / height;
  return far + FURTHER_COSTS.perSecond * age + FURTHER_COSTS.size * higher +
    (entry.sightings === 1 ? FURTHER_COSTS.new : 0);
}

function distance(one: BoxPx, other: BoxPx): number {
  return Math.hypot(
    one.x + one.width / 2 - other.x - other.width / 2,
    one.y + one.height / 2 - other.y - other.height / 2,
  );
}
