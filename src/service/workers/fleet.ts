import type { CameraSettings, DetectorSettings, Settings } from "../../config/settings.ts";
import type { Clock } from "../../core/clock.ts";
import { errorFromData, LifecycleError } from "../../core/errors.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { CameraStatus, ResultNote } from "../../core/messages.ts";
import { pinLibav } from "../../libav/pin.ts";
import { workerPermissions } from "../../permissions/grant.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import type { Places } from "../../permissions/places.ts";
import { CameraWorker } from "./camera_worker.ts";
import type { AllowedModel } from "../control/model_resolver.ts";
import { DetectorWorker } from "./detector_worker.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import type { WorkerEntries } from "./entries.ts";
import type { ServiceLimits } from "../supervision/limits.ts";
import { detectorPlan } from "./start_messages.ts";
import type { ResultWays } from "./publisher_worker.ts";

/** What the fleet is made of. */
export interface FleetParts {
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly places: Places;
  readonly entries: WorkerEntries;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: ServiceLimits;
  readonly threads: AbandonedThreads;
  readonly onStatus: (status: CameraStatus) => void;
  readonly results: ResultWays;
  readonly onInferred: (note: ResultNote) => void;
  readonly onCameraFailed: (unit: CameraWorker, error: ErrorData) => void;
  readonly onWorkerFailed: (worker: DetectorWorker, error: ErrorData) => void;
}

/** One detector: its settings and its pool. */
interface Pool {
  readonly settings: DetectorSettings;
  readonly workers: readonly DetectorWorker[];
}

/** The cameras, the detectors' pools, and the ports between them. */
export class Fleet {
  readonly cameras: ReadonlyMap<string, CameraWorker>;
  readonly #pools: ReadonlyMap<string, Pool>;
  readonly #parts: FleetParts;
  readonly #firstReady = new Map<string, PromiseWithResolvers<void>>();

  constructor(parts: FleetParts) {
    this.#parts = parts;
    const { settings } = parts;
    this.#pools = new Map(
      settings.detectors.map((detector) => [detector.id, this.#pool(detector)]),
    );
    this.cameras = new Map(settings.cameras.map((camera) => [camera.id, this.#camera(camera)]));
    for (const detector of settings.detectors) {
      for (const camera of detector.cameras) {
        const { id, rateHz } = detector;
        this.cameras.get(camera)?.subscribe({ detector: id, rateHz, paused: false });
      }
    }
  }

  get workers(): readonly DetectorWorker[] {
    return [...this.#pools.values()].flatMap((pool) => pool.workers);
  }

  /** Every detector and the cameras it looks at. */
  get detectors(): ReadonlyMap<string, readonly string[]> {
    return new Map([...this.#pools].map(([id, { settings }]) => [id, settings.cameras]));
  }

  /** The workers of a detector; none when there is no such detector. */
  poolOf(detector: string): readonly DetectorWorker[] {
    return this.#pools.get(detector)?.workers ?? [];
  }

  /**
   * Loads a model for a whole pool beside the one in use, and swaps when every worker has it.
   * @throws OrionError when one cannot load it; the old model is in use then
   */
  async setModel(detector: string, model: AllowedModel): Promise<void> {
    const loaded = await Promise.allSettled(
      this.poolOf(detector).map((worker) => worker.prepareModel(model)),
    );
    const failed = loaded.find((each) => each.status === "rejected");
    for (const each of loaded) {
      if (each.status !== "fulfilled") continue;
      if (failed === undefined) each.value.commit();
      else each.value.drop();
    }
    if (failed !== undefined) throw failed.reason;
  }

  worker(id: string): DetectorWorker | null {
    return this.workers.find((worker) => worker.id === id) ?? null;
  }

  /**
   * Starts every detector and settles when all models are loaded, or have had their time: the rest does
   * not wait for one that hangs.
   * @throws OrionError what the first one failed with
   */
  async startDetectors(): Promise<void> {
    const { clock, limits: { modelLoadWaitMs }, log } = this.#parts;
    for (const worker of this.workers) {
      const ready = Promise.withResolvers<void>();
      this.#firstReady.set(worker.id, ready);
      worker.start();
    }
    const timeUp = Promise.withResolvers<void>();
    const cancel = clock.after(modelLoadWaitMs, () => timeUp.resolve());
    try {
      const allReady = Promise.all([...this.#firstReady.values()].map(({ promise }) => promise));
      await Promise.race([allReady, timeUp.promise]);
    } finally {
      cancel();
    }
    this.#firstReady.clear();
    for (const { id, detector, readyAtMs } of this.workers) {
      if (readyAtMs !== null) continue;
      const remedy = "The cameras start without it; look why the model loads so slowly.";
      log.warning("detector.load_delayed", {
        worker: id,
        detector,
        afterMs: modelLoadWaitMs,
        remedy,
      });
    }
  }

  /** Starts the cameras and wires them to the detectors that are loaded. */
  startCameras(): void {
    pinLibav(this.#parts.places.libav);
    for (const camera of this.cameras.values()) this.startCamera(camera);
  }

  /** Starts one camera's thread, the first time or again. */
  startCamera(camera: CameraWorker): void {
    camera.start();
    for (const worker of this.workers) {
      if (worker.readyAtMs !== null) this.#wire(camera, worker);
    }
  }

  /** Gives up a worker's thread; each camera is told what it had in hand. */
  abandonWorker(worker: DetectorWorker): void {
    for (const camera of this.#camerasOf(worker)) {
      const { id, detector } = worker;
      camera.detach({ detector, worker: id, lastSeq: worker.lastSeq(camera.id) });
    }
    worker.abandon();
  }

  /** Leads the results of every worker to the publisher that has just been started. */
  connectResults(): void {
    for (const worker of this.workers) worker.connectResults();
  }

  /** A frame of a camera came out at the other end: no later one may have its number again. */
  seen(camera: string, seq: number): void {
    this.cameras.get(camera)?.seen(seq);
  }

  /** Workers first: each finishes the frame in hand. @returns those that did not in time */
  async stopDetectors(deadline: Promise<unknown>): Promise<string[]> {
    const late = await Promise.all(
      this.workers.map(async (worker) => await worker.stop(deadline) ? [] : [worker.id]),
    );
    return late.flat();
  }

  /** Then the streams. @returns those that did not end in time */
  async stopCameras(deadline: Promise<unknown>): Promise<string[]> {
    const late = await Promise.all(
      [...this.cameras.values()].map(async (camera) =>
        await camera.stop(deadline) ? [] : [camera.id]
      ),
    );
    return late.flat();
  }

  #pool(settings: DetectorSettings): Pool {
    const { clock, log, manifest, entries, results, threads, limits } = this.#parts;
    const workers = Array.from({ length: settings.workers }, (_, index) =>
      new DetectorWorker({
        entry: entries.inference,
        permissions: workerPermissions(manifest.inference(settings.id)),
        plan: detectorPlan(settings, index),
        clock,
        log,
        threads,
        modelLoadLimitMs: limits.modelLoadLimitMs,
        onReady: (worker) => this.#onReady(worker),
        results,
        onInferred: (note) => this.#onInferred(note),
        onFailed: (worker, error) => this.#onFailed(worker, error),
      }));
    return { settings, workers };
  }

  #camera(settings: CameraSettings): CameraWorker {
    const { manifest, places, entries, clock, log, threads, onStatus, onCameraFailed } =
      this.#parts;
    return new CameraWorker({
      entry: entries.capture,
      permissions: workerPermissions(manifest.capture(settings.id)),
      settings,
      libraries: places.libav,
      clock,
      log,
      threads,
      onStatus,
      onFailed: onCameraFailed,
    });
  }

  #onReady(worker: DetectorWorker): void {
    this.#firstReady.get(worker.id)?.resolve();
    for (const camera of this.#camerasOf(worker)) {
      if (camera.running) this.#wire(camera, worker);
    }
  }

  #onFailed(worker: DetectorWorker, error: ErrorData): void {
    const first = this.#firstReady.get(worker.id);
    if (first === undefined) this.#parts.onWorkerFailed(worker, error);
    else first.reject(errorFromData(error));
  }

  #onInferred(note: ResultNote): void {
    this.seen(note.camera, note.seq);
    this.#parts.onInferred(note);
  }

  /** A new port between a camera's mailbox and a worker; it takes the place of one before it. */
  #wire(camera: CameraWorker, worker: DetectorWorker): void {
    if (camera.subscription(worker.detector) === null) return;
    const { port1, port2 } = new MessageChannel();
    camera.attach({ detector: worker.detector, worker: worker.id, port: port1 });
    worker.attach(camera.id, port2);
  }

  #camerasOf(worker: DetectorWorker): CameraWorker[] {
    const pool = this.#pools.get(worker.detector);
    if (pool === undefined) throw new LifecycleError(`no detector "${worker.detector}"`);
    return [...this.cameras.values()].filter((camera) =>
      camera.subscription(worker.detector) !== null
    );
  }
}
