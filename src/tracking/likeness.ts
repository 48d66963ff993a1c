/** How well a detection continues a track: three measures, one for each round of the association. */
import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, iou } from "../core/geometry.ts";
import type { Column } from "./columns.ts";
import type { Entry } from "./track_table.ts";

/**
 * The least overlap of a track and a confident detection, times the confidence: 0.2 as in ByteTrack. Ours
 * also counts the heights: people who pass one another are seldom of one size.
 */
const OVERLAP_MIN = 0.2;
/** By how much the logarithm of the height of one object differs between two detections, or by less. */
const SIZE_DEVIATION = 0.2;
/** The least overlap with what the first round has not assigned; ByteTrack: 0.5. */
const BARE_OVERLAP_MIN = 0.4;
/** The weight of the least pair that may be one. */
const WEIGHT_MIN = 0.01;

/** What a track that is not seen loses against one that is, per second, and at most. */
const LOST_COST = { perSecond: 0.1, most: 0.2 } as const;

/** How far from where it was expected, or last seen, an object may be, in heights of its box. */
const REACH = {
  /** At once: the box of the same object, with another part of it hidden. */
  atOnce: 0.2,
  /** A walker of 1.4 m/s and 1.7 m makes 0.8. */
  perSecond: 0.9,
  most: 5,
} as const;
/** One who has walked out of the picture comes back so near to where it was last seen, in heights. */
const RETURN_REACH = 2.5;
/** How many times as high or as wide as the other one of two boxes of one object may be. */
export const SIZE_RATIO_MAX = { height: 1.3, width: 2.5 } as const;

/** What a weak detection continues by distance, and how much alike it has to be. */
const WEAK_JUMP = {
  heightRatio: 1.15,
  /** In heights. */
  upwards: 0.1,
} as const;

/** Pairs that cost more are none. */
export const COST_MAX = 7;
/** What counts beside the distance in heights. */
const FURTHER_COSTS = {
  /** Up or down rather than aside, in heights, at once; less so after a while. */
  upwards: 6,
  /** Each second that the track was not seen. */
  perSecond: 0.4,
  /** The sizes differ by a factor of e. */
  size: 14,
  /** The track was seen once: it may be a false detection. */
  new: 0.1,
} as const;

/** By overlap and confidence; above 0 where they may be one. */
export function overlapWeight(entry: Entry, { detection }: Column): number {
  const overlap = iou(entry.expected, detection.box);
  if (overlap < OVERLAP_MIN || entry.class !== detection.class) return 0;
  const fused = overlap * detection.confidence * likeHeights(entry, detection);
  if (fused < OVERLAP_MIN) return 0;
  const lost = Math.min(LOST_COST.most, LOST_COST.perSecond * Math.abs(entry.ageSeconds));
  return Math.max(WEIGHT_MIN, fused - OVERLAP_MIN - lost);
}

/** By overlap alone, for weak ones also by size; above 0 where they may be one. */
export function bareOverlapWeight(entry: Entry, { detection, isWeak }: Column): number {
  const overlap = iou(entry.expected, detection.box);
  if (overlap < BARE_OVERLAP_MIN || entry.class !== detection.class) return 0;
  if (!isWeak) return overlap - BARE_OVERLAP_MIN + WEIGHT_MIN;
  const like = overlap * likeHeights(entry, detection);
  return like < BARE_OVERLAP_MIN ? 0 : like - BARE_OVERLAP_MIN + WEIGHT_MIN;
}

/** By distance and size, where there is no overlap; above 0 where they may be one. */
export function distanceWeight(entry: Entry, column: Column): number {
  return COST_MAX - distanceCost(entry, column);
}

/** The farther and the less alike, the higher, in heights of the box; Infinity where they cannot be one. */
export function distanceCost(entry: Entry, { detection, isCut }: Column): number {
  const { box } = detection;
  if (entry.class !== detection.class) return Infinity;
  const higher = Math.min(
    timesAs(entry.expected.height, box.height),
    timesAs(entry.box.height, box.height),
  );
  if (higher > SIZE_RATIO_MAX.height) return Infinity;
  const wider = timesAs(entry.expected.width, box.width);
  if (wider > SIZE_RATIO_MAX.width && !isCut && !entry.isCut) return Infinity;
  const age = Math.abs(entry.ageSeconds);
  const height = Math.max(entry.expected.height, box.height);
  const reach = Math.min(REACH.most, REACH.atOnce + REACH.perSecond * age) * height;
  const aside = sideways(entry.expected, box);
  // Not far from where it was last seen, when it has stopped or turned.
  const nearer = Math.min(aside, sideways(entry.box, box));
  const upright = Math.min(upwards(entry.expected, box), upwards(entry.box, box));
  if (Math.hypot(nearer, upright) > reach) return Infinity;
  if (entry.isGone && sideways(entry.box, box) > RETURN_REACH * height) return Infinity;
  return (aside + nearer) / 2 / height + FURTHER_COSTS.upwards * upright / height / (1 + age) +
    FURTHER_COSTS.perSecond * age + FURTHER_COSTS.size * Math.log(higher) +
    (entry.sightings === 1 || entry.isTentative ? FURTHER_COSTS.new : 0);
}

/** As {@link distanceCost} for a weak detection, which has to be more alike. */
export function weakDistanceCost(entry: Entry, column: Column): number {
  const { box } = column.detection;
  const { heightRatio, upwards: most } = WEAK_JUMP;
  if (timesAs(entry.box.height, box.height) > heightRatio) return Infinity;
  const upright = Math.min(upwards(entry.expected, box), upwards(entry.box, box));
  if (upright > most * Math.max(entry.box.height, box.height)) return Infinity;
  return distanceCost(entry, column);
}

/** 1 for boxes of one height, less for others. */
function likeHeights({ expected }: Entry, { box }: Detection): number {
  const unlike = Math.log(timesAs(expected.height, box.height)) / SIZE_DEVIATION;
  return Math.exp(-unlike * unlike / 2);
}

function sideways(one: BoxPx, other: BoxPx): number {
  return Math.abs(one.x + one.width / 2 - other.x - other.width / 2);
}

/** How far the feet or the heads are apart, whichever is less: one of them may be hidden. */
export function upwards(one: BoxPx, other: BoxPx): number {
  return Math.min(
    Math.abs(one.y - other.y),
    Math.abs(one.y + one.height - other.y - other.height),
  );
}

/** How many times as much the greater one is. */
export function timesAs(one: number, other: number): number {
  return one > other ? one / other : other / one;
}
