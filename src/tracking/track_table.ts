import { sinceMs, type SteadyMs } from "../core/clock.ts";
import { type BoxPx, type PointPx, type Scale, scaled } from "../core/geometry.ts";
import { BoxFilters, type Expected } from "./box_filters.ts";
import type { SeenPlace } from "./track_types.ts";

/** The most tracks of a tracker, those included that are not seen at present. */
export const MAX_TRACKS = 256;

/** A track, and what the tracker knows of it. */
export interface Entry {
  /** Empty while it is tentative. */
  id: string;
  readonly class: string;
  /** The number of its filter, and of another one for {@link Entry.before}. */
  filter: number;
  spareFilter: number;
  /** Where it was last seen. */
  box: BoxPx;
  seenAtMs: SteadyMs;
  /** When it was last seen confidently. */
  strongAtMs: SteadyMs;
  /** Weak detections since then. */
  weakRun: number;
  sightings: number;
  /** Whether all of its detections were weak: it is no track yet, but may be found to have been one. */
  isTentative: boolean;
  /** Where it was first seen. */
  first: SeenPlace;
  /** Whether the edge of the picture cuts off a part of its box. */
  isCut: boolean;
  /**
   * Where it was before it was last found by distance alone: what was found may be another object, or none.
   * null once it was seen there again.
   */
  before: SeenPlace | null;
  /** Where it is expected in the present frame. */
  readonly expected: Expected;
  /** From when it was last seen to the present frame, in seconds; negative for an older frame. */
  ageSeconds: number;
  /** Whether it has walked out of the picture by the present frame, over a side. */
  isGone: boolean;
  /** Whether a detection of the present frame continues it. */
  isMatched: boolean;
  /** The present frame's nearest detection, its cost, and the cost of the second nearest. */
  nearest: number;
  nearestCost: number;
  secondCost: number;
}

/** The tracks of a tracker and their filters. */
export class TrackTable {
  readonly #entries: Entry[] = [];
  #seen: BoxPx | null = null;
  readonly #filters = new BoxFilters(2 * MAX_TRACKS);
  /** The numbers of the filters that are not in use; each one's spare is as many further. */
  readonly #free = Array.from({ length: MAX_TRACKS }, (_, index) => MAX_TRACKS - 1 - index);

  /** In the order in which they began. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /**
   * Adds a track; when there is no room for it, in place of the one that was not seen for the longest time.
   * @returns null when all tracks are seen in the present frame
   */
  add(
    { id, class: name, box, atMs, isCut }: {
      readonly id: string;
      readonly class: string;
      readonly box: BoxPx;
      readonly atMs: SteadyMs;
      readonly isCut: boolean;
    },
  ): Entry | null {
    if (this.#free.length === 0) this.#dropOldest();
    const filter = this.#free.pop();
    if (filter === undefined) return null;
    this.#filters.start(filter, box);
    const entry: Entry = {
      id,
      class: name,
      filter,
      spareFilter: filter + MAX_TRACKS,
      before: null,
      box,
      seenAtMs: atMs,
      strongAtMs: atMs,
      weakRun: 0,
      sightings: 1,
      isTentative: false,
      first: { box, atMs },
      isCut,
      expected: { x: box.x, y: box.y, width: box.width, height: box.height },
      ageSeconds: 0,
      isGone: false,
      isMatched: false,
      nearest: -1,
      nearestCost: Infinity,
      secondCost: Infinity,
    };
    this.#entries.push(entry);
    return entry;
  }

  /** Computes where every track is expected in a frame, and what of the picture is seen there. */
  expectAt(atMs: SteadyMs, seen: BoxPx): void {
    this.#seen = seen;
    for (const entry of this.#entries) {
      entry.isMatched = false;
      this.#expect(entry, atMs);
    }
  }

  /** Exchanges where a track is and where it was before, for the present frame. */
  exchange(entry: Entry, atMs: SteadyMs): void {
    const { before, filter } = entry;
    if (before === null) return;
    entry.before = { box: entry.box, atMs: entry.seenAtMs };
    entry.box = before.box;
    entry.seenAtMs = before.atMs;
    entry.filter = entry.spareFilter;
    entry.spareFilter = filter;
    this.#expect(entry, atMs);
  }

  /** Continues a track with a box of the present frame. An older frame than its newest moves nothing. */
  continue(
    entry: Entry,
    box: BoxPx,
    { atMs, isJump, isCut }: {
      readonly atMs: SteadyMs;
      readonly isJump: boolean;
      readonly isCut: boolean;
    },
  ): void {
    entry.isMatched = true;
    entry.sightings++;
    if (entry.ageSeconds < 0) return;
    if (!isJump) {
      entry.before = null;
    } else if (entry.sightings > 2) {
      entry.before = { box: entry.box, atMs: entry.seenAtMs };
      this.#filters.copy(entry.filter, entry.spareFilter);
    }
    this.#filters.update(entry.filter, entry.ageSeconds, box);
    if (isJump) this.#filters.goAs(entry.filter, entry, box);
    entry.box = box;
    entry.isCut = isCut;
    entry.seenAtMs = atMs;
  }

  /** States how a track moves, in pixels per second. */
  setVelocity(entry: Entry, velocity: PointPx): void {
    this.#filters.setVelocity(entry.filter, velocity);
  }

  /** Whether there is room for a track without dropping another one. */
  get hasRoom(): boolean {
    return this.#free.length > 0;
  }

  /** Drops the tracks that `isOver` says are. */
  drop(isOver: (entry: Entry) => boolean): void {
    let kept = 0;
    for (const entry of this.#entries) {
      if (isOver(entry)) this.#free.push(Math.min(entry.filter, entry.spareFilter));
      else this.#entries[kept++] = entry;
    }
    this.#entries.length = kept;
  }

  /** Moves all tracks to a picture of another size. */
  scale(by: Scale): void {
    for (const entry of this.#entries) {
      entry.box = scaled(entry.box, by);
      entry.first = { ...entry.first, box: scaled(entry.first.box, by) };
      this.#filters.scale(entry.filter, by);
      entry.before = null;
    }
  }

  #expect(entry: Entry, atMs: SteadyMs): void {
    entry.ageSeconds = sinceMs(entry.seenAtMs, atMs) / 1000;
    const { expected } = entry;
    this.#filters.expect(entry.filter, entry.ageSeconds, expected);
    const centre = expected.x + expected.width / 2;
    const seen = this.#seen;
    entry.isGone = seen !== null && (centre < seen.x || centre > seen.x + seen.width);
  }

  #dropOldest(): void {
    let oldest: Entry | null = null;
    for (const entry of this.#entries) {
      if (entry.isMatched) continue;
      if (oldest === null || entry.seenAtMs < oldest.seenAtMs) oldest = entry;
    }
    if (oldest !== null) this.drop((entry) => entry === oldest);
  }
}
