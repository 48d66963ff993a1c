/** The stays of one camera and detector. */
import { type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import type { Detection, InferenceResult } from "../core/detector_types.ts";
import type {
  KeepRequest,
  Placement,
  PresenceEvent,
  PresenceSettings,
  Stay,
  StayEndReason,
} from "../core/presence_types.ts";
import { type Track, type Tracked, Tracker } from "../tracking/tracker.ts";
import { type Owner, type SceneAreas, type SeenFrame, StayRecord } from "./stay_record.ts";
import type { UlidSource } from "./ulid.ts";
import { ObservedTime } from "./observed_time.ts";
import { overlaps } from "./zones.ts";

/** The shortest time after which a stay ends. */
const END_MIN_MS = 100;

/** Where a stay was seen longer ago, before the thread was replaced, says little of where it is. */
const STALE_MS = 3000;

/** Tracks that may be, or become, a stay; others are placed in zones and no more. */
const RECORDS_MAX = 512;

export interface PairParts {
  readonly clock: Clock;
  readonly ids: UlidSource;
  /** Begins the ids of the tracks of one tracker. */
  readonly trackPrefix: () => string;
  readonly onEvent: (event: PresenceEvent) => void;
  readonly onBetter: (keep: KeepRequest) => void;
  /** A stay started or ended, or the zones of one changed. */
  readonly onCountChanged: () => void;
}

export class PairPresence {
  readonly #owner: Owner;
  readonly #parts: PairParts;
  #settings: PresenceSettings;
  #scene: SceneAreas;
  #tracker: Tracker;
  #paused = false;
  /** By the id of their track. */
  readonly #records = new Map<string, StayRecord>();
  /** Tracks that the present frame confirms. */
  readonly #confirmed: { readonly record: StayRecord; readonly detection: Detection }[] = [];
  /** Of tracks that the present frame shows at another object than that of their stay: the tracks of those. */
  readonly #others = new Map<string, string>();
  #inferences = 0;
  readonly #time = new ObservedTime();

  constructor(
    owner: Owner,
    { settings, scene }: { settings: PresenceSettings; scene: SceneAreas },
    parts: PairParts,
  ) {
    this.#owner = owner;
    this.#settings = settings;
    this.#scene = scene;
    this.#parts = parts;
    this.#tracker = this.#newTracker();
  }

  get detector(): string {
    return this.#owner.detector;
  }

  get endMs(): number {
    return Math.max(END_MIN_MS, this.#settings.endSeconds * 1000);
  }

  get gapMs(): number {
    return this.#time.gapMs;
  }

  /** The open stays, the oldest first. */
  get open(): readonly StayRecord[] {
    return [...this.#records.values()].filter(({ id }) => id !== null);
  }

  get hasOpen(): boolean {
    for (const { id } of this.#records.values()) if (id !== null) return true;
    return false;
  }

  set settings(settings: PresenceSettings) {
    this.#settings = settings;
  }

  set paused(paused: boolean) {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) return;
    this.endAll("paused");
    this.#records.clear();
    this.#tracker = this.#newTracker();
    this.#time.interrupt();
  }

  set scene(scene: SceneAreas) {
    this.#scene = scene;
    for (const record of this.#records.values()) {
      if (record.setScene(scene)) this.#parts.onCountChanged();
    }
  }

  /** Continues stays of a thread that was replaced. */
  resume(stays: readonly Stay[]): void {
    const now = this.#parts.clock.nowMs();
    const wall = this.#parts.clock.wallMs();
    for (const stay of stays) {
      // The wall clock may have been stepped meanwhile, and that of the camera be wrong.
      const ageMs = sinceMs(stay.seenAtMs, wall);
      const atMs = plusMs(now, -Math.min(this.endMs, Math.max(0, ageMs)));
      const isStale = ageMs < 0 || ageMs > STALE_MS;
      const record = StayRecord.resumed(stay, this.#scene, { atMs, isStale });
      this.#records.set(stay.track, record);
      this.#tracker.resume({
        ...{ id: stay.track, class: stay.class, box: stay.box, seenAtMs: atMs },
      });
      this.#time.resume(atMs);
    }
    for (const record of this.#records.values()) {
      record.observedMs = Math.max(this.#time.at(record.atMs), -this.endMs / 2);
    }
    if (stays.length > 0) this.#parts.onCountChanged();
  }

  /** Handles the detections of a frame. @returns where each of them is */
  observe(result: InferenceResult, atMs: SteadyMs): readonly Placement[] {
    if (this.#paused) return this.#placements(result, null);
    const isNewest = this.#time.pass(atMs, this.endMs / 2);
    this.#inferences++;
    const { meta, detections, weak } = result;
    this.#tracker.keepMs = this.#keepMs(atMs);
    const tracked = this.#tracker.observe({ detections, weak, size: meta.size, atMs });
    const frame: SeenFrame = {
      ...{ camera: meta.camera, seq: meta.seq, size: meta.size, atMs },
      ...{ number: this.#inferences, gapMs: this.#time.gapMs, start: this.#settings.start },
      seen: meta.roi ?? { x: 0, y: 0, width: meta.size.width, height: meta.size.height },
      capturedAtMs: meta.capturedAtMs,
    };
    detections.forEach((detection, index) => {
      const track = tracked.detections[index] ?? null;
      if (track !== null) this.#detected(track, detection, frame);
    });
    this.#startConfirmed(frame);
    weak.forEach((detection, index) => {
      const track = tracked.weak[index] ?? null;
      const record = track === null ? undefined : this.#records.get(track.id);
      // It continues a track, and counts for no start.
      if (record === undefined || !this.#isSure(record, frame)) return;
      this.#see(record, detection, frame);
      this.#cross(record, frame);
    });
    if (isNewest) this.#endAbsent();
    this.#update(atMs);
    const placements = this.#placements(result, tracked);
    this.#others.clear();
    return placements;
  }

  /** The camera has kept a frame as the picture of a stay. @returns whether the stay is one of these */
  kept(stay: string, seq: number): boolean {
    for (const record of this.#records.values()) {
      if (record.id !== stay) continue;
      record.kept(seq);
      return true;
    }
    return false;
  }

  /** Ends all stays. */
  endAll(reason: StayEndReason): void {
    for (const record of this.#records.values()) this.#end(record, reason);
  }

  /** A track is kept for as long as its stay, through gaps between inferences as well. */
  #keepMs(atMs: SteadyMs): number {
    let keepMs = this.endMs;
    for (const record of this.#records.values()) {
      keepMs = Math.max(keepMs, sinceMs(record.atMs, atMs));
    }
    return keepMs;
  }

  #detected(track: Track, detection: Detection, frame: SeenFrame): void {
    const record = this.#recordOf(track, detection, frame);
    if (record === null || !this.#isSure(record, frame)) return;
    this.#see(record, detection, frame);
    if (record.id === null && record.whereabouts.detectedIn(frame)) {
      this.#confirmed.push({ record, detection });
      return;
    }
    const asks = this.#settings.snapshot !== "none" && record.id !== null;
    if (record.consider(detection, frame, asks)) this.#keep(record, frame.seq, detection.box);
    this.#cross(record, frame);
  }

  /** The record of what a track shows: a new one for a new track, and for another object. */
  #recordOf(track: Track, detection: Detection, frame: SeenFrame): StayRecord | null {
    const known = this.#records.get(track.id);
    const place = { box: detection.box, atMs: frame.atMs };
    const isOther = known?.id != null && known.whereabouts.isOther(place, frame);
    if (known !== undefined && !isOther) return known;
    if (this.#records.size >= RECORDS_MAX) return null;
    const id = known === undefined ? track.id : this.#part(known, detection, frame);
    const record = StayRecord.of(this.#owner, id, { detection, frame });
    record.partedFrom = known ?? null;
    this.#records.set(id, record);
    return record;
  }

  /** Parts a stay from its track, which follows another object. @returns the id of the track of that */
  #part({ key, whereabouts }: StayRecord, detection: Detection, frame: SeenFrame): string {
    const id = `${this.#parts.trackPrefix()}-1`;
    whereabouts.loseTrack();
    this.#tracker.forget(key);
    this.#tracker.resume({
      ...{ id, class: detection.class, box: detection.box, seenAtMs: frame.atMs },
    });
    this.#others.set(key, id);
    return id;
  }

  /** Starts the stays of the tracks that are confirmed, where they are not those of open ones. */
  #startConfirmed(frame: SeenFrame): void {
    for (const { record, detection } of this.#confirmed) {
      const lost = this.#lostAs(record, frame);
      if (lost === null) this.#start(record, detection, frame);
      else this.#rejoin(lost, record, { detection, frame });
      this.#cross(lost ?? record, frame);
    }
    this.#confirmed.length = 0;
  }

  /** Whether a track shows its object, or perhaps a false detection. */
  #isSure({ id, whereabouts }: StayRecord, frame: SeenFrame): boolean {
    return id === null || whereabouts.isBack(frame);
  }

  /** The open stay that a new track continues: one that its own track has lost. */
  #lostAs(found: StayRecord, frame: SeenFrame): StayRecord | null {
    const { last } = found.whereabouts;
    let nearest: StayRecord | null = null;
    let least = Infinity;
    for (const record of this.#records.values()) {
      if (record.id === null || record.class !== found.class) continue;
      const { whereabouts } = record;
      if (record === found.partedFrom || !whereabouts.mayBe(found.whereabouts, frame)) continue;
      if (whereabouts.missed(frame.number) === 0 || whereabouts.isOther(last, frame)) continue;
      const way = whereabouts.way(last);
      if (way >= least) continue;
      nearest = record;
      least = way;
    }
    return nearest;
  }

  /** Continues a stay with another track. */
  #rejoin(
    lost: StayRecord,
    { key }: StayRecord,
    { detection, frame }: { readonly detection: Detection; readonly frame: SeenFrame },
  ): void {
    this.#tracker.forget(lost.key);
    this.#records.delete(lost.key);
    lost.key = key;
    this.#records.set(key, lost);
    this.#see(lost, detection, frame);
  }

  #see(record: StayRecord, detection: Detection, frame: SeenFrame): void {
    record.observedMs = Math.max(record.observedMs, this.#time.at(frame.atMs));
    record.whereabouts.found({ box: detection.box, atMs: frame.atMs }, frame);
    // A frame that comes late does not move it back.
    if (frame.atMs < record.atMs) return;
    const hasOtherZones = record.see(detection.box, frame, this.#scene.zones);
    if (hasOtherZones && record.id !== null) this.#parts.onCountChanged();
  }

  #cross(record: StayRecord, frame: SeenFrame): void {
    for (const { line, direction } of record.crossings(this.#scene.lines)) {
      this.#parts.onEvent({
        kind: "crossing",
        crossing: {
          ...{ camera: this.#owner.camera, line, direction },
          ...{ class: record.class, track: record.track, atMs: frame.capturedAtMs },
        },
      });
    }
  }

  #start(record: StayRecord, detection: Detection, frame: SeenFrame): void {
    record.start(this.#parts.ids.next(this.#parts.clock.wallMs()));
    if (this.#settings.snapshot !== "none") {
      const best = record.requestFirst(detection, frame);
      this.#keep(record, best.seq, best.box);
    }
    this.#parts.onCountChanged();
    this.#parts.onEvent({ kind: "start", stay: record.reported(frame.atMs) });
  }

  #keep(record: StayRecord, seq: number, box: KeepRequest["box"]): void {
    const mode = this.#settings.snapshot;
    if (mode === "none" || record.id === null) return;
    this.#parts.onBetter({ ...this.#owner, stay: record.id, seq, box, mode });
  }

  #endAbsent(): void {
    for (const record of this.#records.values()) {
      if (this.#isAbsent(record)) this.#end(record, "left");
    }
  }

  #isAbsent({ id, whereabouts, observedMs }: StayRecord): boolean {
    const { start } = this.#settings;
    // A false detection is not continued by another one at its place.
    if (id === null) return whereabouts.missed(this.#inferences) >= start.of;
    return this.#time.observedMs - observedMs >= this.endMs &&
      !whereabouts.isAwaited(this.#inferences);
  }

  #end(record: StayRecord, reason: StayEndReason): void {
    this.#records.delete(record.key);
    this.#tracker.forget(record.key);
    if (record.id === null) return;
    this.#parts.onCountChanged();
    this.#parts.onEvent({ kind: "end", stay: record.stay(reason) });
  }

  #update(atMs: SteadyMs): void {
    const intervalMs = this.#settings.updateSeconds * 1000;
    if (intervalMs <= 0) return;
    for (const record of this.#records.values()) {
      if (!record.isUpdateDue(atMs, intervalMs)) continue;
      this.#parts.onEvent({ kind: "update", stay: record.reported(atMs) });
    }
  }

  #placements(
    { detections, meta: { size } }: InferenceResult,
    tracked: Tracked | null,
  ): readonly Placement[] {
    return detections.map(({ class: name, box }, index) => ({
      track: this.#trackOf(tracked?.detections[index] ?? null),
      zones: overlaps(this.#scene.zones, { class: name, box, size }),
    }));
  }

  /** The id that a track is published under: the first one of its stay. */
  #trackOf(track: Track | null): string | null {
    if (track === null) return null;
    return this.#others.get(track.id) ?? this.#records.get(track.id)?.track ?? track.id;
  }

  #newTracker(): Tracker {
    return new Tracker({ prefix: this.#parts.trackPrefix(), keepMs: this.endMs });
  }
}
