/** Zones: which objects are in one, and how much of a box. */
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import type { BoxPx, PointPx, SizePx } from "../core/geometry.ts";
import type { Placement, Zone } from "../core/presence_types.ts";
import { areaWithin } from "./clipped_area.ts";
import { bottomCentre, distanceToSegmentPx } from "./points.ts";

/**
 * An object has left a zone when it is this part of its height away from it, or outside for
 * {@link OUTSIDE_MS}. In between, the jitter of a box is no movement.
 */
const LEAVE_HEIGHTS = 0.1;
const OUTSIDE_MS = 1000;

/** What of a picture's edge counts as within it: a box that touches the bottom is in a zone that does. */
const EDGE = 1e-6;

/** A zone of one camera. */
export class ZoneArea {
  readonly zone: Zone;
  readonly id: string;
  readonly #classes: ReadonlySet<string> | null;
  readonly #left: number;
  readonly #right: number;
  readonly #top: number;
  readonly #bottom: number;

  constructor(zone: Zone) {
    this.zone = zone;
    this.id = zone.id;
    this.#classes = zone.classes === null ? null : new Set(zone.classes);
    const xs = zone.polygon.map(({ x }) => x);
    const ys = zone.polygon.map(({ y }) => y);
    this.#left = Math.min(...xs);
    this.#right = Math.max(...xs);
    this.#top = Math.min(...ys);
    this.#bottom = Math.max(...ys);
  }

  /** Whether objects of a class count. */
  counts(name: string): boolean {
    return this.#classes === null || this.#classes.has(name);
  }

  /** Whether a point of the picture is inside. */
  contains(point: PointPx, size: SizePx): boolean {
    const x = within(point.x / size.width);
    const y = within(point.y / size.height);
    const { polygon } = this.zone;
    let inside = false;
    let before = polygon.at(-1);
    for (const corner of polygon) {
      if (before !== undefined && (corner.y > y) !== (before.y > y)) {
        const crossing = corner.x + (y - corner.y) / (before.y - corner.y) * (before.x - corner.x);
        if (x < crossing) inside = !inside;
      }
      before = corner;
    }
    return inside;
  }

  /** How far the zone's edge is from a point. */
  distancePx(point: PointPx, size: SizePx): number {
    let nearest = Infinity;
    const { polygon } = this.zone;
    let before = polygon.at(-1);
    for (const corner of polygon) {
      if (before !== undefined) {
        const from = { x: before.x * size.width, y: before.y * size.height };
        const to = { x: corner.x * size.width, y: corner.y * size.height };
        nearest = Math.min(nearest, distanceToSegmentPx(point, { from, to }));
      }
      before = corner;
    }
    return nearest;
  }

  /** The part of a box that is inside, 0..1. */
  overlap(box: BoxPx, size: SizePx): number {
    const left = box.x / size.width;
    const top = box.y / size.height;
    const right = left + box.width / size.width;
    const bottom = top + box.height / size.height;
    const area = (right - left) * (bottom - top);
    if (area <= 0 || left >= this.#right || right <= this.#left) return 0;
    if (top >= this.#bottom || bottom <= this.#top) return 0;
    const inside = areaWithin(this.zone.polygon, { left, top, right, bottom });
    // What remains of rounding counts as nothing, and as everything.
    const part = inside / area;
    return part < EDGE ? 0 : Math.min(1, part);
  }

  /** Whether it is the same zone, so that what is in it stays in it. */
  equals(other: Zone): boolean {
    return JSON.stringify(this.zone) === JSON.stringify(other);
  }
}

/** The zones that one object is in, with hysteresis. */
export class ZoneMembership {
  readonly #current: { readonly area: ZoneArea; outsideAtMs: SteadyMs | null }[] = [];

  /** In the order of entering. */
  get ids(): readonly string[] {
    return this.#current.map(({ area }) => area.id);
  }

  /** Continues in a zone. */
  enter(area: ZoneArea): void {
    this.#current.push({ area, outsideAtMs: null });
  }

  /**
   * Follows the object to a new place.
   * @returns the zones that it has entered; null when it has neither entered nor left one
   */
  move(areas: readonly ZoneArea[], at: ObjectPlace): readonly string[] | null {
    let changed = false;
    const entered: string[] = [];
    const foot = bottomCentre(at.box);
    for (const area of areas) {
      if (!area.counts(at.class)) continue;
      const index = this.#current.findIndex((each) => each.area === area);
      const member = this.#current[index];
      const isInside = area.contains(foot, at.size);
      if (member === undefined) {
        if (!isInside) continue;
        this.enter(area);
        entered.push(area.id);
      } else if (isInside) {
        member.outsideAtMs = null;
        continue;
      } else {
        member.outsideAtMs ??= at.atMs;
        const isOut = sinceMs(member.outsideAtMs, at.atMs) >= OUTSIDE_MS ||
          area.distancePx(foot, at.size) > LEAVE_HEIGHTS * at.box.height;
        if (!isOut) continue;
        this.#current.splice(index, 1);
      }
      changed = true;
    }
    return changed ? entered : null;
  }

  /** Forgets zones that are gone. @returns whether it was in one */
  retain(areas: readonly ZoneArea[]): boolean {
    const before = this.#current.length;
    for (let index = before - 1; index >= 0; index--) {
      const member = this.#current[index];
      if (member !== undefined && !areas.includes(member.area)) this.#current.splice(index, 1);
    }
    return this.#current.length < before;
  }
}

/** Where an object was seen. */
export interface ObjectPlace {
  readonly class: string;
  readonly box: BoxPx;
  readonly size: SizePx;
  readonly atMs: SteadyMs;
}

/** The zones that a box touches and that count its class. */
export function overlaps(
  areas: readonly ZoneArea[],
  seen: Pick<ObjectPlace, "class" | "box" | "size">,
): Placement["zones"] {
  const touched: { readonly id: string; readonly overlap: number }[] = [];
  for (const area of areas) {
    const overlap = area.counts(seen.class) ? area.overlap(seen.box, seen.size) : 0;
    if (overlap > 0) touched.push({ id: area.id, overlap });
  }
  return touched;
}

function within(value: number): number {
  return Math.min(1 - EDGE, Math.max(EDGE, value));
}
