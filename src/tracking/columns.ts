/** The detections of a frame, as they are assigned to tracks. */
import type { Detection } from "../core/detector_types.ts";
import type { BoxPx } from "../core/geometry.ts";
import { type Entry, MAX_TRACKS } from "./track_table.ts";

/** Detections of a frame beyond it are given no track. */
const MAX_COLUMNS = 4 * MAX_TRACKS;
/** Boxes beyond it are none: no picture is as large, and its square is still exact. */
const MAX_PX = 1e6;

/** A box that comes so near to the edge of the picture may be cut off by it, in parts of its height. */
const CUT = 0.06;

/** A detection of the present frame whose box is one. */
export interface Column {
  readonly detection: Detection;
  readonly isWeak: boolean;
  /** Whether the edge of the picture cuts off a part of its box. */
  readonly isCut: boolean;
  /** Its place in the list of its frame. */
  readonly place: number;
  /** The track that it continues or begins. */
  entry: Entry | null;
  /** Whether it was found by distance alone. */
  isJump: boolean;
  /** The nearest track, its cost, and the cost of the second nearest. */
  nearest: number;
  nearestCost: number;
  secondCost: number;
}

/** The detections that have an area, within the bound. */
export function columnsOf(
  detections: readonly Detection[],
  seen: BoxPx,
  isWeak: boolean,
): Column[] {
  const columns: Column[] = [];
  for (const [place, detection] of detections.entries()) {
    if (columns.length === MAX_COLUMNS) break;
    if (!hasArea(detection.box) || !(detection.confidence >= 0)) continue;
    const costs = { nearest: -1, nearestCost: Infinity, secondCost: Infinity };
    const isCut = isCutOff(detection.box, seen);
    columns.push({ detection, isWeak, isCut, place, entry: null, isJump: false, ...costs });
  }
  return columns;
}

export function hasArea({ x, y, width, height }: BoxPx): boolean {
  return width > 0 && height > 0 && width <= MAX_PX && height <= MAX_PX &&
    Math.abs(x) <= MAX_PX && Math.abs(y) <= MAX_PX;
}

/** Whether a box reaches an edge of what was looked at. */
function isCutOff({ x, y, width, height }: BoxPx, seen: BoxPx): boolean {
  const near = CUT * height;
  return x - near <= seen.x || y - near <= seen.y ||
    x + width + near >= seen.x + seen.width || y + height + near >= seen.y + seen.height;
}
