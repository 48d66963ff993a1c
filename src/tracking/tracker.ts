import { latestMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import { iou, scaled, scaleOf, type SizePx, wholeOf } from "../core/geometry.ts";
import { Assignment } from "./assignment.ts";
import { chooseClear } from "./clear_pairs.ts";
import { type Column, columnsOf, hasArea } from "./columns.ts";
import {
  bareOverlapWeight,
  COST_MAX,
  distanceCost,
  distanceWeight,
  overlapWeight,
  weakDistanceCost,
} from "./likeness.ts";
import { type Entry, TrackTable } from "./track_table.ts";
import type { Observation, ResumedTrack, Track, Tracked, TrackerOptions } from "./track_types.ts";

/** For how long weak detections alone continue a track, and how many of them in any case. */
const WEAK_KEEP_MS = 10_000;
const WEAK_RUN = 5;
/**
 * With shorter gaps between frames weak detections begin no track, and are found by distance only for a track
 * that was seen so often, so long ago: sooner they overlap it.
 */
const DENSE_MS = 150;
const WEAK_JUMP = { sightings: 3, secondsUnseen: 0.3 } as const;
/** With longer gaps between frames the next ones come too late to confirm anything. */
export const SLOW_MS = 600;

/** How long a track is kept that was only seen weakly, which is tentative. */
const TENTATIVE_KEEP_MS = 2500;
/** It shows the object of another track when it overlaps one that is seen so much. */
const DOUBLE_OVERLAP = 0.3;

/** How long a track is kept while no frame was looked at, as with 0.1 Hz or a new worker. */
const UNOBSERVED_KEEP_MS = 120_000;

/** A stay was seen more than once. */
const RESUMED_SIGHTINGS = 3;

/**
 * Follows the objects of one camera and detector from frame to frame.
 *
 * As ByteTrack: a Kalman filter for each track, confident detections first, then weak ones, by overlap. It
 * counts times in place of frames, and finds tracks by distance that overlap nothing. Source:
 * https://arxiv.org/abs/2110.06864
 */
export class Tracker {
  readonly #prefix: string;
  #keepMs: number;
  #lastNumber = 0;
  readonly #table = new TrackTable();
  readonly #assignment = new Assignment();
  #size: SizePx | null = null;
  /** When the newest frame arrived. */
  #newestAtMs: SteadyMs | null = null;
  /** Whether the present frame follows the newest one within {@link DENSE_MS}. */
  #isDense = false;
  /** The tracks and detections of the present round; kept for their memory. */
  readonly #rows: Entry[] = [];
  readonly #open: Column[] = [];

  constructor({ prefix, keepMs }: TrackerOptions) {
    this.#prefix = prefix;
    this.#keepMs = keepMs;
  }

  /** How long a track that is not seen is kept, from now on. */
  set keepMs(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Assigns the detections of a frame; frames may come out of order. */
  observe({ detections, weak, size, seen = wholeOf(size), atMs }: Observation): Tracked {
    this.#resize(size);
    this.#isDense = this.#newestAtMs !== null && sinceMs(this.#newestAtMs, atMs) < DENSE_MS;
    this.#table.expectAt(atMs, seen);
    const strongColumns = columnsOf(detections, seen, false);
    const weakColumns = columnsOf(weak, seen, true);
    this.#collect(strongColumns, []);
    this.#associate(overlapWeight);
    this.#collect(strongColumns, weakColumns);
    this.#associate((entry, column) =>
      column.isWeak && !this.#isForWeak(entry, atMs) ? 0 : bareOverlapWeight(entry, column)
    );
    this.#collect(strongColumns, this.#isNewest(atMs) ? weakColumns : []);
    this.#associateByDistance(atMs);
    this.#associateBefore(strongColumns, atMs);
    this.#associateTentative(strongColumns, weakColumns);
    const tracked = {
      detections: new Array<Track | null>(detections.length).fill(null),
      weak: new Array<Track | null>(weak.length).fill(null),
    };
    for (const column of strongColumns) {
      tracked.detections[column.place] = this.#concludeStrong(column, atMs);
    }
    for (const column of weakColumns) {
      tracked.weak[column.place] = this.#concludeWeak(column, atMs);
    }
    this.#finish(atMs);
    return tracked;
  }

  /** Continues a track of another thread; without effect when its box has no area. */
  resume({ id, class: name, box, size, seenAtMs, velocity }: ResumedTrack): void {
    if (!hasArea(box)) return;
    this.forget(id);
    if (this.#size === null) this.#resize(size);
    const by = scaleOf(size, this.#size ?? size);
    const entry = this.#table.add({
      ...{ id, class: name, box: scaled(box, by), atMs: seenAtMs, isCut: false },
    });
    if (entry === null) return;
    entry.sightings = RESUMED_SIGHTINGS;
    if (velocity === null) return;
    this.#table.setVelocity(entry, { x: by.x * velocity.x, y: by.y * velocity.y });
  }

  /** Drops a track: what is seen in its place is another one from now on. */
  forget(id: string): void {
    this.#table.drop((entry) => entry.id === id);
  }

  /** Scales the tracks when the picture has another size than before. */
  #resize({ width, height }: SizePx): void {
    if (!(width > 0 && height > 0)) return;
    const before = this.#size;
    if (before !== null && (before.width !== width || before.height !== height)) {
      this.#table.scale(scaleOf(before, { width, height }));
    }
    this.#size = { width, height };
  }

  /** Whether a track can be continued in the present frame. */
  #isCandidate({ ageSeconds, seenAtMs }: Entry): boolean {
    const ageMs = 1000 * Math.abs(ageSeconds);
    if (ageMs <= this.#keepMs) return true;
    const isOfNewest = this.#newestAtMs === null || seenAtMs >= this.#newestAtMs;
    return isOfNewest && ageMs <= UNOBSERVED_KEEP_MS;
  }

  /** Whether a weak detection can continue a track in the present frame. */
  #isForWeak(entry: Entry, atMs: SteadyMs): boolean {
    return entry.weakRun < WEAK_RUN || sinceMs(entry.strongAtMs, atMs) <= WEAK_KEEP_MS;
  }

  /** Collects the tracks and detections of a round: those that have no partner yet. */
  #collect(strong: readonly Column[], weak: readonly Column[]): void {
    this.#rows.length = 0;
    this.#open.length = 0;
    for (const entry of this.#table.entries) {
      if (entry.isMatched || entry.isTentative) continue;
      if (this.#isCandidate(entry)) this.#rows.push(entry);
    }
    for (const columns of [strong, weak]) {
      for (const column of columns) if (column.entry === null) this.#open.push(column);
    }
  }

  /** Pairs the tracks and detections of the round for the greatest weight. */
  #associate(weight: (entry: Entry, column: Column) => number): void {
    const assignment = this.#assignment;
    assignment.reset(this.#rows.length, this.#open.length);
    for (const [row, entry] of this.#rows.entries()) {
      if (entry.isMatched) continue;
      for (const [index, column] of this.#open.entries()) {
        if (column.entry === null) assignment.add(row, index, weight(entry, column));
      }
    }
    assignment.solve((row, index) => match(this.#rows[row], this.#open[index]));
  }

  /** The clear pairs first, then the others together. */
  #associateByDistance(atMs: SteadyMs): void {
    const cost = (entry: Entry, column: Column) => {
      if (!column.isWeak) return distanceCost(entry, column);
      const isSure = !this.#isDense ||
        entry.sightings >= WEAK_JUMP.sightings && entry.ageSeconds >= WEAK_JUMP.secondsUnseen;
      return isSure && this.#isForWeak(entry, atMs) ? weakDistanceCost(entry, column) : Infinity;
    };
    chooseClear(this.#rows, this.#open, { cost, onPair: match });
    this.#associate((entry, column) => COST_MAX - cost(entry, column));
    for (const column of this.#open) column.isJump = column.entry !== null;
  }

  /** What was only seen weakly comes last: a track that was seen goes first. */
  #associateTentative(strong: readonly Column[], weak: readonly Column[]): void {
    this.#rows.length = 0;
    this.#open.length = 0;
    for (const entry of this.#table.entries) {
      if (!entry.isMatched && entry.isTentative && this.#isCandidate(entry)) this.#rows.push(entry);
    }
    if (this.#rows.length === 0) return;
    for (const column of strong) if (column.entry === null) this.#open.push(column);
    for (const column of weak) {
      if (column.entry === null && this.#isNew(column)) this.#open.push(column);
    }
    this.#associate(bareOverlapWeight);
    this.#associate((entry, column) =>
      column.isWeak ? COST_MAX - weakDistanceCost(entry, column) : distanceWeight(entry, column)
    );
  }

  /** Looks for tracks where they were before they were found by distance; there they were not seen again. */
  #associateBefore(strong: readonly Column[], atMs: SteadyMs): void {
    this.#collect(strong, []);
    if (this.#open.length === 0 || !this.#isNewest(atMs)) return;
    for (const entry of this.#rows) this.#table.exchange(entry, atMs);
    this.#associate((entry, column) =>
      entry.before === null || !this.#isCandidate(entry) ? 0 : distanceWeight(entry, column)
    );
    for (const entry of this.#rows) if (!entry.isMatched) this.#table.exchange(entry, atMs);
  }

  /** @returns the track that a confident detection continues or begins */
  #concludeStrong(column: Column, atMs: SteadyMs): Track | null {
    const { entry, detection, isJump, isCut } = column;
    if (entry === null) {
      const begun = this.#begin(column, atMs);
      return begun === null ? null : trackOf(this.#confirmed(begun));
    }
    this.#table.continue(entry, detection.box, { atMs, isJump, isCut });
    entry.strongAtMs = latestMs(entry.strongAtMs, atMs);
    entry.weakRun = 0;
    return trackOf(this.#confirmed(entry));
  }

  /** @returns the track that a weak detection continues */
  #concludeWeak(column: Column, atMs: SteadyMs): Track | null {
    const { entry, detection, isJump, isCut } = column;
    if (entry === null) {
      const begins = !this.#isDense && this.#table.hasRoom && this.#isNewest(atMs);
      if (begins && this.#isNew(column)) this.#begin(column, atMs);
      return null;
    }
    this.#table.continue(entry, detection.box, { atMs, isJump, isCut });
    entry.weakRun++;
    return entry.isTentative ? null : trackOf(entry);
  }

  /** Whether a weak detection shows none of the tracks that are not seen. */
  #isNew(column: Column): boolean {
    return this.#table.entries.every((entry) =>
      entry.isMatched || entry.isTentative || !this.#isCandidate(entry) ||
      distanceCost(entry, column) === Infinity
    );
  }

  /** Begins a track, tentative until it is confirmed. */
  #begin({ detection: { class: name, box }, isCut }: Column, atMs: SteadyMs): Entry | null {
    const begun = this.#table.add({ id: "", class: name, box, atMs, isCut });
    if (begun === null) return null;
    begun.isMatched = true;
    begun.isTentative = true;
    return begun;
  }

  /** A confident detection makes a tentative track one with an id. */
  #confirmed(entry: Entry): Entry {
    if (!entry.isTentative) return entry;
    entry.isTentative = false;
    entry.id = `${this.#prefix}-${++this.#lastNumber}`;
    return entry;
  }

  /** Whether what was seen weakly is a track that is seen now. */
  #isDouble(tentative: Entry): boolean {
    if (tentative.isMatched) return false;
    return this.#table.entries.some((entry) =>
      entry.isMatched && !entry.isTentative && iou(entry.box, tentative.expected) > DOUBLE_OVERLAP
    );
  }

  #isNewest(atMs: SteadyMs): boolean {
    return this.#newestAtMs === null || atMs >= this.#newestAtMs;
  }

  /** Drops the tracks that were not seen for too long. An older frame than the newest drops none. */
  #finish(atMs: SteadyMs): void {
    if (!this.#isNewest(atMs)) return;
    this.#newestAtMs = atMs;
    this.#table.drop((entry) => {
      const ageMs = sinceMs(entry.seenAtMs, atMs);
      if (ageMs > this.#keepMs) return true;
      return entry.isTentative && (ageMs > TENTATIVE_KEEP_MS || this.#isDouble(entry));
    });
  }
}

function match(entry: Entry | undefined, column: Column | undefined): void {
  if (entry === undefined || column === undefined) return;
  entry.isMatched = true;
  column.entry = entry;
}

function trackOf({ id, class: name, box, seenAtMs, first }: Entry): Track {
  return { id, class: name, box, seenAtMs, first };
}
