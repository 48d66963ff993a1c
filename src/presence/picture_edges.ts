/** The edges of the picture, over which objects come and go. */
import type { BoxPx, PointPx } from "../core/geometry.ts";
import { within } from "./ways.ts";

/** An object moves towards the edge with so many heights per second; with less it is jitter. */
const LEAVING_SPEED = 0.15;

/**
 * An object has come into the picture when it was first seen so near to the edge, in heights; farther off
 * by the way that it makes between two inferences.
 */
export const ENTRY_REACH = { atOnce: 0.3, perSecond: 1 } as const;

/** The same for what an object that is absent may be taken for: it would have come back there by chance. */
export const EDGE_ENTRY_REACH = { atOnce: 0.05, perSecond: 0.1 } as const;

/**
 * An object of which only a place is known may go out of the picture from so near to the edge, in heights;
 * from farther off the longer it is not seen.
 */
const EDGE_REACH = { atOnce: 0.2, perSecond: 0.5 } as const;

/** Whether a box that moves across came over an edge, within a reach of which it was first seen. */
export function hasEntered(
  { box: { x, width, height }, across, reach }: {
    readonly box: BoxPx;
    readonly across: number;
    readonly reach: typeof ENTRY_REACH | typeof EDGE_ENTRY_REACH;
  },
  { seen, gapMs }: { readonly seen: BoxPx; readonly gapMs: number },
): boolean {
  const near = within(reach, gapMs) * height;
  const least = LEAVING_SPEED * height;
  return across > least && x - near < seen.x ||
    across < -least && x + width + near > seen.x + seen.width;
}

/**
 * Whether a box reaches the edge some time after it was seen, going on as it went.
 * @param velocity  null where it is not known
 */
export function isLeaving(
  { x, y, width, height }: BoxPx,
  velocity: PointPx | null,
  { unseenMs, seen }: { readonly unseenMs: number; readonly seen: BoxPx },
): boolean {
  if (velocity === null) {
    const near = within(EDGE_REACH, unseenMs) * height;
    return x - near < seen.x || x + width + near > seen.x + seen.width;
  }
  const least = LEAVING_SPEED * height;
  const seconds = Math.max(0, unseenMs) / 1000;
  const across = { at: x, length: width, from: seen.x, to: seen.x + seen.width };
  const down = { at: y, length: height, from: seen.y, to: seen.y + seen.height };
  return leaves(across, velocity.x, { seconds, least }) ||
    leaves(down, velocity.y, { seconds, least });
}

/** Whether an extent reaches an end of a range, moving towards it. */
function leaves(
  { at, length, from, to }: Readonly<Record<"at" | "length" | "from" | "to", number>>,
  velocity: number,
  { seconds, least }: { readonly seconds: number; readonly least: number },
): boolean {
  return velocity > least && at + length + seconds * velocity > to ||
    velocity < -least && at + seconds * velocity < from;
}
