/** Ways between the places of objects, in heights of their boxes. */
import { sinceMs } from "../core/clock.ts";
import type { BoxPx, PointPx } from "../core/geometry.ts";
import { SIZE_RATIO_MAX, timesAs, upwards } from "../tracking/likeness.ts";
import type { SeenPlace } from "../tracking/track_types.ts";
import { distancePx } from "./points.ts";

/** How far an object may have come, in heights. */
const REACH = { atOnce: 0.3, perSecond: 1, most: 4.5 } as const;

/** How much higher or lower the feet or the head of one object may be, in heights. */
const UPRIGHT_MAX = 0.3;

/**
 * The way between two places in heights; Infinity where one object cannot make it.
 * @param size  a box that shows the size there, when that was seen better later
 * @param growth  the part by which the height may differ more for each second, as one comes nearer or goes away
 */
export function wayOf(
  from: SeenPlace,
  to: SeenPlace,
  size: BoxPx = to.box,
  growth = 0,
): number {
  const way = heights(from.box, to.box);
  const reach = Math.min(REACH.most, within(REACH, sinceMs(from.atMs, to.atMs)));
  const seconds = Math.max(0, sinceMs(from.atMs, to.atMs)) / 1000;
  const isLike = timesAs(from.box.height, size.height) <=
    SIZE_RATIO_MAX.height * (1 + growth * seconds);
  return isLike && isLevel(from.box, to.box) && way <= reach ? way : Infinity;
}

export function centre({ x, y, width, height }: BoxPx): PointPx {
  return { x: x + width / 2, y: y + height / 2 };
}

/** How far something may be after a time. */
export function within(
  { atOnce, perSecond }: Readonly<Record<"atOnce" | "perSecond", number>>,
  ms: number,
): number {
  return atOnce + perSecond * Math.max(0, ms) / 1000;
}

/** Whether the feet or the heads of two boxes are nearly at one height. */
export function isLevel(one: BoxPx, other: BoxPx): boolean {
  return upwards(one, other) <= UPRIGHT_MAX * Math.max(one.height, other.height);
}

/** The distance between two boxes in heights. */
export function heights(one: BoxPx, other: BoxPx): number {
  return distancePx({ from: centre(one), to: centre(other) }) / Math.max(one.height, other.height);
}
