/** How many objects are in each zone of a camera, and in its whole picture. */
import type { WallMs } from "../core/clock.ts";
import { type Occupancy, WHOLE_PICTURE } from "../core/presence_types.ts";

/** Classes that are remembered as absent, per zone. Beyond it they are forgotten, the first ones first. */
const CLASSES_MAX = 256;

/** An open stay, as it is counted. */
export interface Counted {
  readonly class: string;
  readonly zones: readonly string[];
}

/** The occupancy of one camera. */
export class CameraOccupancy {
  readonly #camera: string;
  readonly #newest = new Map<string, Occupancy>();

  constructor(camera: string, zones: readonly string[], at: WallMs) {
    this.#camera = camera;
    for (const zone of [WHOLE_PICTURE, ...zones]) this.#newest.set(zone, this.#empty(zone, at));
  }

  /** That of the whole picture and of each zone. */
  get all(): readonly Occupancy[] {
    return [...this.#newest.values()];
  }

  /**
   * Replaces the zones.
   * @returns the occupancy of those that are gone or new: empty, until the stays are counted
   */
  setZones(zones: readonly string[], at: WallMs): readonly Occupancy[] {
    const gone = [...this.#newest.keys()]
      .filter((zone) => zone !== WHOLE_PICTURE && !zones.includes(zone));
    for (const zone of gone) this.#newest.delete(zone);
    const added = zones.filter((zone) => !this.#newest.has(zone));
    for (const zone of added) this.#newest.set(zone, this.#empty(zone, at));
    return [...gone, ...added].map((zone) => this.#empty(zone, at));
  }

  /**
   * Counts the open stays of each detector. Of detectors that find one class, the one that finds most
   * of it counts: they see the same objects.
   * @returns what has changed
   */
  count(detectors: readonly (readonly Counted[])[], at: WallMs): readonly Occupancy[] {
    const changed: Occupancy[] = [];
    for (const [zone, before] of this.#newest) {
      const most = new Map<string, number>();
      for (const stays of detectors) {
        for (const [name, number] of tally(stays, zone)) {
          most.set(name, Math.max(number, most.get(name) ?? 0));
        }
      }
      const counts = withAbsent(before.counts, most);
      if (isSame(before.counts, counts)) continue;
      const occupied = most.size > 0;
      const sinceMs = occupied === before.occupied ? before.sinceMs : at;
      const now = { camera: this.#camera, zone, occupied, counts, sinceMs };
      this.#newest.set(zone, now);
      changed.push(now);
    }
    return changed;
  }

  #empty(zone: string, sinceMs: WallMs): Occupancy {
    return { camera: this.#camera, zone, occupied: false, counts: {}, sinceMs };
  }
}

function tally(stays: readonly Counted[], zone: string): Map<string, number> {
  const numbers = new Map<string, number>();
  for (const stay of stays) {
    if (zone !== WHOLE_PICTURE && !stay.zones.includes(zone)) continue;
    numbers.set(stay.class, (numbers.get(stay.class) ?? 0) + 1);
  }
  return numbers;
}

/** Adds 0 for each class that had a stay before. */
function withAbsent(
  before: Occupancy["counts"],
  present: ReadonlyMap<string, number>,
): Record<string, number> {
  const absent = Object.keys(before).filter((name) => !present.has(name));
  const room = Math.max(0, CLASSES_MAX - present.size);
  const remembered = room === 0 ? [] : absent.slice(-room);
  return Object.fromEntries([...remembered.map((name) => [name, 0] as const), ...present]);
}

function isSame(one: Occupancy["counts"], other: Occupancy["counts"]): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length &&
    names.every((name) => one[name] === other[name]);
}
