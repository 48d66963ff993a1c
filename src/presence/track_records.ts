/** The tracks of one camera and detector, and the records of what they show. */
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import type { Detection } from "../core/detector_types.ts";
import type { Stay } from "../core/presence_types.ts";
import type { Observation, Track, Tracked } from "../tracking/track_types.ts";
import { SLOW_MS, Tracker } from "../tracking/tracker.ts";
import type { SeenFrame } from "./sightings.ts";
import { type Owner, type SceneAreas, StayRecord } from "./stay_record.ts";

/** Tracks that are, or may become, a stay; others are placed in zones and no more. */
const RECORDS_MAX = 512;

export class TrackRecords {
  readonly #owner: Owner;
  readonly #trackPrefix: () => string;
  #tracker: Tracker;
  /** By the tracker's id of their track. */
  readonly #records = new Map<string, StayRecord>();
  /** Tracks that the present frame shows at another object than that of their stay, and its own ones. */
  readonly #parted = new Map<string, string>();

  constructor(owner: Owner, trackPrefix: () => string) {
    this.#owner = owner;
    this.#trackPrefix = trackPrefix;
    this.#tracker = new Tracker({ prefix: trackPrefix(), keepMs: 0 });
  }

  get isEmpty(): boolean {
    return this.#records.size === 0;
  }

  /** In the order in which they began. Records may be removed meanwhile. */
  all(): Iterable<StayRecord> {
    return this.#records.values();
  }

  /**
   * Assigns the detections of a frame to tracks.
   * @param keepMs  how long a track is kept that is not seen; that of a stay as long as the stay
   */
  track(observation: Observation, keepMs: number): Tracked {
    this.#parted.clear();
    let longestMs = keepMs;
    for (const record of this.all()) {
      record.resize(observation.size);
      longestMs = Math.max(longestMs, sinceMs(record.atMs, observation.atMs));
    }
    this.#tracker.keepMs = longestMs;
    return this.#tracker.observe(observation);
  }

  /** The record of what a track shows, if there is one. */
  get(track: Track): StayRecord | null {
    return this.#records.get(track.id) ?? null;
  }

  /**
   * The record of what a track shows: a new one for a new track, and where it shows another object.
   * @returns null beyond the bound
   */
  of(track: Track, detection: Detection, frame: SeenFrame): StayRecord | null {
    const known = this.get(track);
    const place = { box: detection.box, atMs: frame.atMs };
    const isOther = known !== null && known.id !== null &&
      known.whereabouts.isOther(place, frame);
    if (known !== null && !isOther) return known;
    if (this.#records.size >= RECORDS_MAX) return null;
    const id = known === null ? track.id : this.#part(known, detection, frame);
    const first = known === null ? track.first : place;
    const record = StayRecord.of(this.#owner, id, { detection, frame, first });
    record.partedFrom = known;
    this.#records.set(id, record);
    return record;
  }

  /**
   * The record of what a track shows that is detected weakly.
   * @returns null where there is none, and where at a slow rate it is another object
   */
  ofWeak(track: Track, detection: Detection, frame: SeenFrame): StayRecord | null {
    const known = this.get(track);
    // At other rates a stay would lose its track to what is no object.
    if (known === null || known.id === null || frame.gapMs <= SLOW_MS) return known;
    if (!known.whereabouts.isOther({ box: detection.box, atMs: frame.atMs }, frame)) return known;
    this.#part(known, detection, frame);
    return null;
  }

  /** The id that a track is published under: the first one of its stay. */
  publishedId(track: Track): string {
    return this.#parted.get(track.id) ?? this.get(track)?.track ?? track.id;
  }

  /** The open stay that a new track continues, because its own one has lost it. */
  lostAs(found: StayRecord, frame: SeenFrame): StayRecord | null {
    const { last } = found.whereabouts;
    let nearest: StayRecord | null = null;
    let least = Infinity;
    for (const record of this.all()) {
      if (record.id === null || record.class !== found.class) continue;
      const { whereabouts } = record;
      if (record === found.partedFrom || !whereabouts.mayBe(found.whereabouts)) continue;
      if (whereabouts.missed(frame.number) === 0 || whereabouts.isOther(last, frame)) continue;
      if (found.whereabouts.isNewcomer(frame, whereabouts.last)) continue;
      if (hasReturnedBeside(record, found, frame)) continue;
      const way = whereabouts.way(found.whereabouts, frame);
      if (way >= least) continue;
      nearest = record;
      least = way;
    }
    return nearest;
  }

  /** The open stay that was last seen beside a new track, and may be that of it. */
  contestedBy(found: StayRecord, frame: SeenFrame): StayRecord | null {
    for (const record of this.all()) {
      if (record.id === null || record.class !== found.class || record === found.partedFrom) {
        continue;
      }
      const { whereabouts } = record;
      if (found.whereabouts.isNewcomer(frame, whereabouts.last)) continue;
      if (whereabouts.isContestedBy(found.whereabouts, frame)) return record;
    }
    return null;
  }

  /** Continues a stay with the track of another record, which is dropped. */
  rejoin(lost: StayRecord, { key }: StayRecord): void {
    this.remove(lost);
    lost.key = key;
    this.#records.set(key, lost);
  }

  /** Drops a record and its track. */
  remove({ key }: StayRecord): void {
    this.#records.delete(key);
    this.#tracker.forget(key);
  }

  /** Drops all of them. */
  clear(): void {
    this.#records.clear();
    this.#tracker = new Tracker({ prefix: this.#trackPrefix(), keepMs: 0 });
  }

  /** Continues a stay of another thread, which was last seen at `atMs`. @returns its record */
  resume(stay: Stay, scene: SceneAreas, atMs: SteadyMs): StayRecord {
    const { track: id, class: name, box, size, motion } = stay;
    const record = StayRecord.resumed(stay, scene, atMs);
    this.#records.set(id, record);
    const velocity = motion?.velocity ?? null;
    this.#tracker.resume({ id, class: name, box, size, seenAtMs: atMs, velocity });
    return record;
  }

  /** Parts a stay from its track, which shows another object. @returns the id of the track of that */
  #part(
    { key, whereabouts }: StayRecord,
    { class: name, box }: Detection,
    frame: SeenFrame,
  ): string {
    const id = `${this.#trackPrefix()}-1`;
    whereabouts.loseTrack();
    this.#tracker.forget(key);
    this.#tracker.resume({
      ...{ id, class: name, box, size: frame.size, seenAtMs: frame.atMs, velocity: null },
    });
    this.#parted.set(key, id);
    return id;
  }
}

/** Whether a stay has returned, most likely, in an inference in which what is less alike was seen, too. */
function hasReturnedBeside(
  { isLikelyBack, returned, whereabouts }: StayRecord,
  { whereabouts: other }: StayRecord,
  frame: SeenFrame,
): boolean {
  return isLikelyBack && returned !== null && other.wasSeenIn(returned.frame.number) &&
    !whereabouts.isAlike(other.last, frame);
}
