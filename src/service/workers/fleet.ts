import type { Settings } from "../../config/settings.ts";
import type { ResultNote } from "../../core/detector_types.ts";
import type { BoxNorm, PointNorm } from "../../core/geometry.ts";
import type { KeepRequest, Line, PresenceSettings, Zone } from "../../core/presence_types.ts";
import type { ControlTarget, PresenceChanges } from "../control/controller.ts";
import type { Pair } from "../control/named.ts";
import type { AllowedModel } from "../control/model_resolver.ts";
import { unknown } from "../control/refusals.ts";
import { applyChange, type FleetChanged, wantsPictures } from "../reload/apply.ts";
import { loadModels, type NextFleet } from "../reload/models.ts";
import type { CameraWorker } from "./camera_worker.ts";
import { DetectorPool } from "./detector_pool.ts";
import type { DetectorWorker } from "./detector_worker.ts";
import { FirstLoad } from "./first_load.ts";
import type { FleetParts } from "./fleet_parts.ts";
import { LiveHub } from "./live_hub.ts";
import { noPicture } from "./picture_requests.ts";
import { PresenceControl } from "./presence_control.ts";
import type { PictureRequest } from "./publisher_worker.ts";
import { Roster } from "./roster.ts";
import { detectorPlan } from "./start_messages.ts";
import { WorkerFactory } from "./worker_factory.ts";

/** A change of the configuration whose models are loaded. */
export interface PreparedFleet {
  /** Applies it at once. */
  commit(): FleetChanged;
  /** Ends the threads of the new models: nothing changes. */
  drop(): void;
}

/**
 * All cameras and detectors, and the ports between them. Commands change them while they run; the
 * changes are kept by the workers and outlive their threads.
 */
export class Fleet implements ControlTarget {
  /** The live pictures of the cameras. */
  readonly live: LiveHub;
  readonly #parts: FleetParts;
  readonly #roster = new Roster();
  readonly #factory: WorkerFactory;
  readonly #firstLoad: FirstLoad;
  readonly #presence: PresenceControl;
  /** Removed cameras, until they have stopped. */
  readonly #leaving = new Map<string, CameraWorker>();
  #settings: Settings;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    const { settings, settings: { cameras, detectors }, publisher, clock, log, limits } = parts;
    this.#settings = settings;
    this.#presence = new PresenceControl(() => this.#settings, publisher, this.#roster, log);
    this.#firstLoad = new FirstLoad({ clock, log, limitMs: limits.modelLoadWaitMs });
    this.#factory = this.#makeFactory();
    this.live = new LiveHub({
      cameras: cameras.map(({ id }) => id),
      post: (camera, message) => this.cameras.get(camera)?.post(message),
      scene: (camera) => publisher.presence.scene(camera),
      isDetecting: (camera) => this.#roster.isDetecting(this.#camera(camera)),
      clock,
    });
    for (const detector of detectors) {
      const workers = Array.from(
        { length: detector.workers },
        (_, index) => this.#factory.worker(detectorPlan(detector, index), parts),
      );
      this.#roster.pools.set(detector.id, new DetectorPool(detector, workers));
    }
    for (const camera of cameras) this.#roster.add(this.#factory.camera(camera, parts));
    for (const { id, rateHz, cameras, presence } of detectors) {
      const pictures = wantsPictures(presence);
      for (const camera of cameras) {
        this.#camera(camera).subscribe({ detector: id, rateHz, paused: false, pictures });
      }
    }
    this.#reportDetecting();
  }

  /** The settings in force, but for what commands have changed. */
  get settings(): Settings {
    return this.#settings;
  }

  get cameras(): ReadonlyMap<string, CameraWorker> {
    return this.#roster.cameras;
  }

  /** The workers of all detectors. */
  get workers(): readonly DetectorWorker[] {
    return this.#roster.workers;
  }

  /** The workers of one detector. */
  poolOf(detector: string): readonly DetectorWorker[] {
    return this.#pool(detector).workers;
  }

  worker(name: string): DetectorWorker | null {
    return this.workers.find((worker) => worker.name === name) ?? null;
  }

  get cameraIds(): readonly string[] {
    return [...this.cameras.keys()];
  }

  get detectorCameras(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#roster.pools].map(([id, { cameras }]) => [id, cameras]));
  }

  /** Whether a detector takes the frames of a camera. */
  hasPair(pair: Pair): boolean {
    return this.#roster.hasPair(pair);
  }

  /** Frames that were not processed at cameras that a detector does not have any more, by detector. */
  get droppedBefore(): ReadonlyMap<string, number> {
    return this.#roster.droppedBefore;
  }

  /**
   * Loads the models that another configuration needs, beside those in use.
   * @throws OrionError when one of them cannot be loaded in time; nothing has changed then
   */
  async prepare(next: NextFleet): Promise<PreparedFleet> {
    const { clock, limits, publisher } = this.#parts;
    const leaving = this.#leaving;
    const parts = { roster: this.#roster, factory: this.#factory, leaving, clock, publisher };
    const models = await loadModels(next, { ...parts, limitMs: limits.modelLoadWaitMs });
    return {
      drop: () => models.drop(),
      commit: () => {
        this.#settings = next.settings;
        const changed = applyChange(next, models, { ...parts, live: this.live });
        this.#reportDetecting();
        this.#presence.warnOfClasses();
        return changed;
      },
    };
  }

  setPaused(pairs: readonly Pair[], paused: boolean): void {
    for (const pair of pairs) this.#resubscribe(pair, { paused });
    this.#presence.setPaused(pairs, paused);
  }

  setRate(pairs: readonly Pair[], rateHz: number): void {
    for (const pair of pairs) this.#resubscribe(pair, { rateHz });
  }

  setConfidence(detector: string, confidence: number): void {
    this.#pool(detector).setConfidence(confidence);
  }

  setRoi(camera: string, roi: BoxNorm | null): void {
    this.#camera(camera).setRoi(roi);
  }

  setMasks(camera: string, masks: readonly (readonly PointNorm[])[]): void {
    this.#camera(camera).setMasks(masks);
  }

  setZones(camera: string, zones: readonly Zone[]): void {
    this.#presence.setZones(camera, zones);
  }

  setLines(camera: string, lines: readonly Line[]): void {
    this.#presence.setLines(camera, lines);
  }

  setPresence(detector: string, change: PresenceChanges): PresenceSettings {
    return this.#presence.setPresence(detector, change);
  }

  setModel(detector: string, model: AllowedModel): Promise<void> {
    return this.#pool(detector).setModel(model);
  }

  async snapshot(camera: string, boxes: boolean): Promise<ArrayBuffer> {
    const worker = this.#camera(camera);
    const isDrawn = boxes && worker.record.report.state !== "offline";
    return (isDrawn ? await this.live.boxedPicture(camera) : null) ?? await worker.snapshot();
  }

  /** Has a camera keep a frame as the picture of a stay. */
  keep(keep: KeepRequest): void {
    this.cameras.get(keep.camera)?.post({ kind: "keep", keep });
  }

  /** Requests the picture of a stay from its camera; it is answered at once where there is none. */
  picture({ camera, stay, release }: PictureRequest): void {
    // The last pictures of a camera that was removed are those of the ends of its stays.
    const worker = this.cameras.get(camera) ?? this.#leaving.get(camera);
    if (worker === undefined) this.#parts.publisher.picture(noPicture(stay));
    else worker.picture(stay, release);
  }

  /**
   * Starts all detectors and waits for their models, within a limit.
   * @throws OrionError the error of the first one that failed
   */
  startDetectors(): Promise<void> {
    return this.#firstLoad.start(this.workers);
  }

  startCameras(): void {
    for (const camera of this.cameras.values()) camera.start();
  }

  /** Routes the results of all workers to a publisher that was just started. */
  connectResults(): void {
    for (const worker of this.workers) worker.connectResults();
  }

  /** A frame of this number was inferred: no later one of the camera may have it. */
  advanceSeq(camera: string, seq: number): void {
    this.cameras.get(camera)?.advanceSeq(seq);
  }

  /** To be stopped first: each worker finishes its last frame. @returns those that did not in time */
  async stopDetectors(deadline: Promise<unknown>): Promise<string[]> {
    const late = await Promise.all(
      this.workers.map(async (worker) => await worker.stop(deadline) ? [] : [worker.name]),
    );
    return late.flat();
  }

  /** @returns the cameras whose streams did not end in time */
  async stopCameras(deadline: Promise<unknown>): Promise<string[]> {
    const late = await Promise.all(
      [...this.cameras.values()].map(async (camera) =>
        await camera.stop(deadline) ? [] : [camera.id]
      ),
    );
    return late.flat();
  }

  #makeFactory(): WorkerFactory {
    const { onStatus, onFailed } = this.#parts;
    return new WorkerFactory(this.#parts, {
      onStarted: (camera) => {
        this.#roster.cameraStarted(camera);
        this.live.started(camera.id);
      },
      onLive: (camera, picture) => this.live.picture(camera, picture),
      // One that was removed has no state to report.
      onStatus: (camera, status) => {
        if (this.cameras.get(camera.id) === camera) onStatus(camera, status);
      },
      onCameraFailed: onFailed,
      onReady: (worker) => {
        this.#firstLoad.ready(worker);
        this.#roster.workerReady(worker);
        this.#presence.warnOfClasses();
      },
      onAbandon: (worker) => this.#roster.workerLeft(worker),
      onInferred: (worker, note) => this.#onInferred(worker, note),
      onWorkerFailed: (worker, error) => {
        if (!this.#firstLoad.failed(worker, error)) onFailed(worker, error);
      },
    });
  }

  #onInferred(worker: DetectorWorker, note: ResultNote): void {
    this.advanceSeq(note.camera, note.seq);
    this.live.inferred(note);
    // The pair may have been removed while the frame was inferred.
    if (this.hasPair(note)) this.#parts.onInferred(worker, note);
  }

  #resubscribe(
    { camera: id, detector }: Pair,
    change: { paused?: boolean; rateHz?: number },
  ): void {
    const camera = this.#camera(id);
    const subscription = camera.subscription(detector);
    if (subscription !== null) camera.subscribe({ ...subscription, ...change });
    this.#reportDetecting();
  }

  /** Reports of each camera whether any detector takes its frames. */
  #reportDetecting(): void {
    for (const camera of this.cameras.values()) {
      this.#parts.publisher.setDetecting(camera.id, this.#roster.isDetecting(camera));
    }
  }

  #camera(id: string): CameraWorker {
    return existing(this.cameras, id, "camera");
  }

  #pool(id: string): DetectorPool {
    return existing(this.#roster.pools, id, "detector");
  }
}

function existing<T>(all: ReadonlyMap<string, T>, id: string, what: "camera" | "detector"): T {
  const found = all.get(id);
  if (found !== undefined) return found;
  throw unknown(what, id, [...all.keys()]);
}
