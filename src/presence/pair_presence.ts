/** The stays of one camera and detector. */
import { bothClocks, type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";
import type { Detection, InferenceResult } from "../core/detector_types.ts";
import { wholeOf } from "../core/geometry.ts";
import type {
  KeepRequest,
  Placement,
  PresenceEvent,
  PresenceSettings,
  Stay,
  StayEndReason,
} from "../core/presence_types.ts";
import type { Track, Tracked } from "../tracking/track_types.ts";
import { SLOW_MS } from "../tracking/tracker.ts";
import { ObservedTime } from "./observed_time.ts";
import { PendingStarts } from "./pending_starts.ts";
import type { SeenFrame, Sighting } from "./sightings.ts";
import type { Owner, SceneAreas, StayRecord } from "./stay_record.ts";
import { TrackRecords } from "./track_records.ts";
import type { UlidSource } from "./ulid.ts";
import { overlaps } from "./zones.ts";

/** The shortest time after which a stay ends. */
const END_MIN_MS = 100;

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
  readonly #records: TrackRecords;
  #paused = false;
  readonly #starts = new PendingStarts();
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
    this.#records = new TrackRecords(owner, parts.trackPrefix);
  }

  get endMs(): number {
    return Math.max(END_MIN_MS, this.#settings.endSeconds * 1000);
  }

  get gapMs(): number {
    return this.#time.gapMs;
  }

  /** The open stays as they are now. */
  get stays(): readonly Stay[] {
    return this.open.map((record) => record.stay(null, this.#time.observedMs, this.#time.gapMs));
  }

  /** The records of the open stays, the oldest first. */
  get open(): readonly StayRecord[] {
    return [...this.#records.all()].filter(({ id }) => id !== null);
  }

  get hasOpen(): boolean {
    for (const { id } of this.#records.all()) if (id !== null) return true;
    return false;
  }

  /** Whether no track is, or may become, a stay. */
  get isEmpty(): boolean {
    return this.#records.isEmpty;
  }

  set settings(settings: PresenceSettings) {
    this.#settings = settings;
  }

  set paused(paused: boolean) {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (!paused) return;
    this.endAll("paused");
    this.#starts.clear();
    this.#records.clear();
    this.#time.interrupt();
  }

  set scene(scene: SceneAreas) {
    this.#scene = scene;
    for (const record of this.#records.all()) {
      if (record.setScene(scene)) this.#parts.onCountChanged();
    }
  }

  /** Continues stays of a thread that was replaced. */
  resume(stays: readonly Stay[]): void {
    const { steady, wall } = bothClocks(this.#parts.clock);
    for (const stay of stays) {
      // The wall clock may have been stepped meanwhile, and that of the camera be wrong.
      const ageMs = sinceMs(stay.seenAtMs, wall);
      const atMs = plusMs(steady, -Math.min(this.endMs, Math.max(0, ageMs)));
      // What was observed since it was reported is not known, and counts for nothing.
      this.#records.resume(stay, this.#scene, atMs).observedMs = -(stay.motion?.absentMs ?? 0);
      this.#time.resume(stay.motion?.gapMs ?? 0);
    }
    if (stays.length > 0) this.#parts.onCountChanged();
  }

  /** Handles the detections of a frame. @returns where each of them is */
  observe(result: InferenceResult, atMs: SteadyMs): readonly Placement[] {
    if (this.#paused) return this.#placements(result, null);
    const isNewest = this.#time.pass(atMs, this.endMs / 2);
    this.#inferences++;
    const { meta, detections, weak } = result;
    const seen = meta.roi ?? wholeOf(meta.size);
    const observation = { detections, weak, size: meta.size, seen, atMs };
    const tracked = this.#records.track(observation, this.endMs);
    const frame: SeenFrame = {
      ...{ seq: meta.seq, size: meta.size, atMs },
      ...{ number: this.#inferences, gapMs: this.#time.gapMs, start: this.#settings.start },
      ...{ seen, capturedAtMs: meta.capturedAtMs },
    };
    detections.forEach((detection, index) => {
      const track = tracked.detections[index] ?? null;
      if (track !== null) this.#detected(track, detection, frame);
    });
    weak.forEach((detection, index) => {
      const track = tracked.weak[index] ?? null;
      const record = track === null ? null : this.#records.ofWeak(track, detection, frame);
      // It continues a track, and counts for no start.
      if (record === null || !this.#isSure(record, { detection, frame }, true)) return;
      this.#see(record, detection, frame);
      this.#cross(record, frame);
    });
    this.#startConfirmed(frame);
    if (isNewest) this.#endAbsent();
    this.#update(atMs);
    return this.#placements(result, tracked);
  }

  /** The camera has kept a frame as the picture of a stay. @returns whether the stay is one of these */
  kept(stay: string, seq: number): boolean {
    for (const record of this.#records.all()) {
      if (record.id !== stay) continue;
      record.kept(seq);
      return true;
    }
    return false;
  }

  /** Ends all stays. */
  endAll(reason: StayEndReason): void {
    for (const record of this.#records.all()) this.#end(record, reason);
  }

  #detected(track: Track, detection: Detection, frame: SeenFrame): void {
    const record = this.#records.of(track, detection, frame);
    if (record === null || !this.#isSure(record, { detection, frame })) return;
    this.#see(record, detection, frame);
    if (record.id === null && record.whereabouts.detectedIn(frame)) {
      this.#starts.add(record, { detection, frame });
      return;
    }
    const asks = this.#settings.snapshot !== "none" && record.id !== null;
    if (record.consider(detection, frame, asks)) this.#keep(record, frame.seq, detection.box);
    this.#cross(record, frame);
  }

  /** Starts the stays of the tracks that are confirmed, where they are not those of open ones. */
  #startConfirmed(now: SeenFrame): void {
    this.#starts.settle(this.#records, now, (record, lost, { detection, frame }) => {
      if (lost === null) {
        this.#start(record, detection, frame);
      } else {
        this.#records.rejoin(lost, record);
        this.#see(lost, detection, frame);
      }
      this.#cross(lost ?? record, frame);
    });
  }

  /** Whether a track shows its object, or perhaps a false detection. */
  #isSure(record: StayRecord, { detection, frame }: Sighting, isWeak = false): boolean {
    if (record.id === null) return true;
    const place = { box: detection.box, atMs: frame.atMs };
    const isDue = this.#isDue(record);
    if (record.whereabouts.isBack(place, frame, { isWeak, isDue })) return true;
    const { isLikelyBack } = record;
    if (isLikelyBack && this.#time.gapMs <= SLOW_MS) return false;
    record.returned = { detection, frame };
    const isAlike = !isWeak && !isDue && record.whereabouts.isAlike(place, frame);
    if (!isLikelyBack && isAlike) record.returnedMs = this.#time.at(frame.atMs);
    return false;
  }

  #see(record: StayRecord, detection: Detection, frame: SeenFrame): void {
    record.returned = null;
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
    for (const record of this.#records.all()) {
      if (!this.#isAbsent(record)) continue;
      const { returned, isLikelyBack } = record;
      // At slow rates one who goes is often seen once.
      const isSeen = this.#time.gapMs > SLOW_MS || isLikelyBack;
      if (returned !== null && isSeen) this.#see(record, returned.detection, returned.frame);
      this.#end(record, "left");
    }
  }

  #isAbsent(record: StayRecord): boolean {
    const { id, whereabouts } = record;
    // A false detection is not continued by another one at its place.
    if (id === null) return whereabouts.missed(this.#inferences) >= this.#settings.start.of;
    return this.#isDue(record) && !whereabouts.isAwaited(this.#inferences);
  }

  #isDue({ absentFromMs }: StayRecord): boolean {
    return this.#time.observedMs - absentFromMs >= this.endMs;
  }

  #end(record: StayRecord, reason: StayEndReason): void {
    this.#records.remove(record);
    this.#starts.drop(record);
    if (record.id === null) return;
    this.#parts.onCountChanged();
    this.#parts.onEvent({ kind: "end", stay: record.stay(reason) });
  }

  #update(atMs: SteadyMs): void {
    const intervalMs = this.#settings.updateSeconds * 1000;
    if (intervalMs <= 0) return;
    for (const record of this.#records.all()) {
      if (!record.isUpdateDue(atMs, intervalMs)) continue;
      this.#parts.onEvent({ kind: "update", stay: record.reported(atMs) });
    }
  }

  #placements(
    { detections, meta: { size } }: InferenceResult,
    tracked: Tracked | null,
  ): readonly Placement[] {
    return detections.map(({ class: name, box }, index) => {
      const track = tracked?.detections[index] ?? null;
      return {
        track: track === null ? null : this.#records.publishedId(track),
        zones: overlaps(this.#scene.zones, { class: name, box, size }),
      };
    });
  }
}
