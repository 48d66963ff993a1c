import type { CameraSettings, DetectorSettings } from "../../config/settings.ts";
import type { ResultNote } from "../../core/detector_types.ts";
import type { BoxNorm, PointNorm } from "../../core/geometry.ts";
import type { KeepRequest, Line, PresenceSettings, Zone } from "../../core/presence_types.ts";
import type { ControlTarget, Pair, PresenceChanges } from "../control/controller.ts";
import type { AllowedModel } from "../control/model_resolver.ts";
import { unknown } from "../control/refusals.ts";
import { CameraWorker } from "./camera_worker.ts";
import { DetectorPool } from "./detector_pool.ts";
import { DetectorWorker } from "./detector_worker.ts";
import { FirstLoad } from "./first_load.ts";
import type { FleetParts } from "./fleet_parts.ts";
import { LiveHub } from "./live_hub.ts";
import { noPicture } from "./picture_requests.ts";
import { PresenceControl } from "./presence_control.ts";
import type { PictureRequest } from "./publisher_worker.ts";
import { detectorPlan } from "./start_messages.ts";

/**
 * All cameras and detectors, and the ports between them. Commands change them while they run; the
 * changes are kept by the workers and outlive their threads.
 */
export class Fleet implements ControlTarget {
  readonly cameras: ReadonlyMap<string, CameraWorker>;
  /** The live pictures of the cameras. */
  readonly live: LiveHub;
  readonly #pools: ReadonlyMap<string, DetectorPool>;
  readonly #parts: FleetParts;
  readonly #firstLoad: FirstLoad;
  readonly #presence: PresenceControl;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    const { settings, settings: { cameras, detectors }, publisher, clock, log, limits } = parts;
    this.#presence = new PresenceControl(settings, publisher);
    this.#firstLoad = new FirstLoad({ clock, log, limitMs: limits.modelLoadWaitMs });
    this.#pools = new Map(detectors.map((detector) => [detector.id, this.#makePool(detector)]));
    this.live = new LiveHub({
      cameras: cameras.map(({ id }) => id),
      post: (camera, message) => this.cameras.get(camera)?.post(message),
      scene: (camera) => publisher.presence.scene(camera),
      isDetecting: (camera) => this.#isDetecting(this.#camera(camera)),
      clock,
    });
    this.cameras = new Map(cameras.map((camera) => [camera.id, this.#makeCamera(camera)]));
    for (const { id: detector, rateHz, cameras, presence } of detectors) {
      // Then the cameras must keep frames; no command changes it.
      const pictures = presence !== null && presence.snapshot !== "none";
      for (const camera of cameras) {
        this.#camera(camera).subscribe({ detector, rateHz, paused: false, pictures });
      }
    }
    for (const camera of this.cameras.values()) this.#reportDetecting(camera);
  }

  /** The workers of all detectors. */
  get workers(): readonly DetectorWorker[] {
    return [...this.#pools.values()].flatMap(({ workers }) => workers);
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
    return new Map([...this.#pools].map(([detector, { cameras }]) => [detector, cameras]));
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
    return (boxes ? await this.live.boxedPicture(camera) : null) ?? await worker.snapshot();
  }

  /** Has a camera keep a frame as the picture of a stay. */
  keep(keep: KeepRequest): void {
    this.cameras.get(keep.camera)?.post({ kind: "keep", keep });
  }

  /** Requests the picture of a stay from its camera; it is answered at once where there is none. */
  picture({ camera, stay, release }: PictureRequest): void {
    const worker = this.cameras.get(camera);
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

  #makePool(settings: DetectorSettings): DetectorPool {
    const { clock, log, spawners, confinements, publisher, limits, onFailed } = this.#parts;
    const workers = Array.from({ length: settings.workers }, (_, index) =>
      new DetectorWorker({
        spawn: spawners.inference(settings.id),
        plan: detectorPlan(settings, index),
        confinement: confinements.get(`inference ${settings.id}`) ?? null,
        clock,
        log,
        modelLoadLimitMs: limits.modelLoadLimitMs,
        results: publisher,
        onReady: (worker) => this.#onReady(worker),
        onAbandon: (worker) => this.#detach(worker),
        onInferred: (worker, note) => this.#onInferred(worker, note),
        onFailed: (worker, error) => {
          if (!this.#firstLoad.failed(worker, error)) onFailed(worker, error);
        },
      }));
    return new DetectorPool(settings, workers);
  }

  #makeCamera(settings: CameraSettings): CameraWorker {
    const { spawners, libraries, confinements, clock, log, onStatus, onFailed, publisher } =
      this.#parts;
    return new CameraWorker({
      spawn: spawners.capture(settings.id),
      settings,
      libraries,
      confinement: confinements.get(`capture ${settings.id}`) ?? null,
      clock,
      log,
      onStarted: (camera) => {
        this.#attachAll(camera);
        this.live.started(camera.id);
      },
      onLive: (camera, picture) => this.live.picture(camera, picture),
      onStatus,
      onFailed,
      pictures: publisher,
    });
  }

  #onReady(worker: DetectorWorker): void {
    this.#firstLoad.ready(worker);
    for (const camera of this.#camerasOf(worker)) {
      if (camera.running) this.#attach(camera, worker);
    }
  }

  #onInferred(worker: DetectorWorker, note: ResultNote): void {
    this.advanceSeq(note.camera, note.seq);
    this.live.inferred(note);
    this.#parts.onInferred(worker, note);
  }

  /** Attaches all workers that have loaded their model to a camera that was just started. */
  #attachAll(camera: CameraWorker): void {
    for (const worker of this.workers) {
      if (worker.readyAtMs !== null && camera.subscription(worker.detector) !== null) {
        this.#attach(camera, worker);
      }
    }
  }

  /** Opens a port between a camera's mailbox and a worker; it replaces an earlier one. */
  #attach(camera: CameraWorker, worker: DetectorWorker): void {
    const { port1, port2 } = new MessageChannel();
    camera.attach({ detector: worker.detector, worker: worker.name, port: port1 });
    worker.attach(camera.id, port2);
  }

  /** Reports to each camera which frame an abandoned worker has finished last. */
  #detach(worker: DetectorWorker): void {
    const { name, detector } = worker;
    for (const camera of this.#camerasOf(worker)) {
      camera.detach({ detector, worker: name, lastSeq: worker.lastSeq(camera.id) });
    }
  }

  #camerasOf({ detector }: DetectorWorker): CameraWorker[] {
    return [...this.cameras.values()].filter((camera) => camera.subscription(detector) !== null);
  }

  #resubscribe(
    { camera: id, detector }: Pair,
    change: { paused?: boolean; rateHz?: number },
  ): void {
    const camera = this.#camera(id);
    const subscription = camera.subscription(detector);
    if (subscription !== null) camera.subscribe({ ...subscription, ...change });
    this.#reportDetecting(camera);
  }

  /** Reports whether any detector takes frames of a camera: it has one that is not paused. */
  #reportDetecting(camera: CameraWorker): void {
    this.#parts.publisher.setDetecting(camera.id, this.#isDetecting(camera));
  }

  #isDetecting(camera: CameraWorker): boolean {
    return [...this.#pools.keys()].some((id) => camera.subscription(id)?.paused === false);
  }

  #camera(id: string): CameraWorker {
    return existing(this.cameras, id, "camera");
  }

  #pool(id: string): DetectorPool {
    return existing(this.#pools, id, "detector");
  }
}

function existing<T>(all: ReadonlyMap<string, T>, id: string, what: "camera" | "detector"): T {
  const found = all.get(id);
  if (found !== undefined) return found;
  throw unknown(what, id, [...all.keys()]);
}
