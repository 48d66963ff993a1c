/** The presence of one camera: its detectors, its zones and lines, its occupancy. */
import type { CameraState } from "../core/camera_types.ts";
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type {
  Line,
  Occupancy,
  Placement,
  PresenceSettings,
  Scene,
  Stay,
  StayEndReason,
} from "../core/presence_types.ts";
import { CameraOccupancy } from "./occupancy.ts";
import { type PairParts, PairPresence } from "./pair_presence.ts";
import { PictureFlow } from "./picture_flow.ts";
import type { SceneAreas } from "./stay_record.ts";
import { ZoneArea } from "./zones.ts";

/** One detector of the camera. */
interface Pair {
  readonly presence: PairPresence;
  /** How long the camera had been online at its newest inference. */
  onlineMs: number;
}

export class CameraPresence {
  readonly #parts: Omit<PairParts, "onCountChanged">;
  readonly #camera: string;
  readonly #flow: PictureFlow;
  readonly #occupancy: CameraOccupancy;
  readonly #pairs = new Map<string, Pair>();
  #scene: SceneAreas;
  #isCountStale = false;
  #isStarted = false;

  constructor(scene: Scene, parts: Omit<PairParts, "onCountChanged">) {
    this.#parts = parts;
    this.#camera = scene.camera;
    this.#flow = new PictureFlow(parts.clock);
    this.#scene = areasOf(scene, { zones: [], lines: [] });
    const zones = scene.zones.map(({ id }) => id);
    this.#occupancy = new CameraOccupancy(scene.camera, zones, parts.clock.wallMs());
  }

  add(detector: string, settings: PresenceSettings): void {
    const presence = new PairPresence(
      { camera: this.#camera, detector },
      { settings, scene: this.#scene },
      { ...this.#parts, onCountChanged: () => this.#isCountStale = true },
    );
    this.#pairs.set(detector, { presence, onlineMs: this.#flow.onlineMs });
  }

  /** Ends the stays of a detector that was removed. */
  remove(detector: string): void {
    this.#pairs.get(detector)?.presence.endAll("shutdown");
    this.#pairs.delete(detector);
    this.#isCountStale = true;
    this.#report();
  }

  /** Those with presence. */
  get detectors(): readonly string[] {
    return [...this.#pairs.keys()];
  }

  get open(): readonly Stay[] {
    return [...this.#pairs.values()].flatMap(({ presence }) => presence.stays);
  }

  get isSending(): boolean {
    return this.#flow.isSending;
  }

  /** Emits the present occupancy, and from now on every change. */
  start(): void {
    this.#count();
    this.#isStarted = true;
    for (const each of this.#occupancy.all) this.#emit(each);
  }

  /** Continues stays of a detector. */
  resume(detector: string, stays: readonly Stay[]): void {
    this.#pairs.get(detector)?.presence.resume(stays);
    this.#report();
  }

  observe(result: InferenceResult, atMs: SteadyMs): readonly Placement[] | null {
    const pair = this.#pairs.get(result.detector);
    if (pair === undefined) return null;
    this.#flow.picture(atMs);
    pair.onlineMs = this.#flow.onlineMs;
    const placements = pair.presence.observe(result, atMs);
    this.#report();
    return placements;
  }

  setState(state: CameraState): void {
    // Of tracks that are no stays no timer does it.
    this.endLost();
    this.#flow.setState(state);
  }

  /** No usable frame has come since the instant; null: they come. */
  setSilence(sinceMs: SteadyMs | null): void {
    this.endLost();
    this.#flow.setSilence(sinceMs);
  }

  setScene(scene: Scene): void {
    this.#scene = areasOf(scene, this.#scene);
    for (const { presence } of this.#pairs.values()) presence.scene = this.#scene;
    const before = this.#occupancy.setZones(
      scene.zones.map(({ id }) => id),
      this.#parts.clock.wallMs(),
    );
    const counted = new Map(this.#count().map((each) => [each.zone, each]));
    for (const empty of before) {
      this.#emit(counted.get(empty.zone) ?? empty);
      counted.delete(empty.zone);
    }
    for (const changed of counted.values()) this.#emit(changed);
  }

  setSettings(detector: string, settings: PresenceSettings): void {
    const pair = this.#pairs.get(detector);
    if (pair !== undefined) pair.presence.settings = settings;
  }

  setPaused(detector: string, paused: boolean): void {
    const pair = this.#pairs.get(detector);
    if (pair === undefined) return;
    pair.presence.paused = paused;
    pair.onlineMs = this.#flow.onlineMs;
    this.#report();
  }

  /** @returns whether the stay is one of this camera */
  kept(stay: string, seq: number): boolean {
    for (const { presence } of this.#pairs.values()) if (presence.kept(stay, seq)) return true;
    return false;
  }

  /** Ends the stays of which nothing can be seen any more. @returns when the next ones are due, or null */
  endLost(): SteadyMs | null {
    const now = this.#parts.clock.nowMs();
    let nextMs: SteadyMs | null = null;
    for (const { presence, onlineMs } of this.#pairs.values()) {
      if (presence.isEmpty) continue;
      const cameraMs = this.#flow.cameraLostAtMs(presence);
      const dueMs = cameraMs ?? this.#flow.detectorLostAtMs(onlineMs);
      if (dueMs === null) continue;
      if (sinceMs(dueMs, now) >= 0) {
        presence.endAll(cameraMs === null ? "detector_lost" : "camera_lost");
      } else if (presence.hasOpen && (nextMs === null || dueMs < nextMs)) nextMs = dueMs;
    }
    this.#report();
    return nextMs;
  }

  endAll(reason: StayEndReason): void {
    for (const { presence } of this.#pairs.values()) presence.endAll(reason);
    this.#report();
  }

  /** Emits what has changed of the occupancy. */
  #report(): void {
    if (!this.#isCountStale) return;
    for (const changed of this.#count()) this.#emit(changed);
  }

  #count(): readonly Occupancy[] {
    this.#isCountStale = false;
    const stays = [...this.#pairs.values()].map(({ presence }) => presence.open);
    return this.#occupancy.count(stays, this.#parts.clock.wallMs());
  }

  #emit(occupancy: Occupancy): void {
    if (this.#isStarted) this.#parts.onEvent({ kind: "occupancy", occupancy });
  }
}

/** The zones and lines of a scene; those that do not change are the same objects as before. */
function areasOf({ zones, lines }: Scene, before: SceneAreas): SceneAreas {
  const same = (line: Line) => (other: Line) => JSON.stringify(other) === JSON.stringify(line);
  return {
    zones: zones.map((zone) =>
      before.zones.find((area) => area.equals(zone)) ?? new ZoneArea(zone)
    ),
    lines: lines.map((line) => before.lines.find(same(line)) ?? line),
  };
}
