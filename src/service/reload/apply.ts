/** Applies another configuration to the cameras and detectors: at once, without a step between. */
import { isDeepStrictEqual } from "node:util";
import type { CameraSettings, DetectorSettings } from "../../config/settings.ts";
import type { Clock } from "../../core/clock.ts";
import type { PresenceSettings } from "../../core/presence_types.ts";
import type { Pair } from "../control/named.ts";
import type { Child } from "../supervision/child.ts";
import type { CameraWorker } from "../workers/camera_worker.ts";
import { DetectorPool } from "../workers/detector_pool.ts";
import type { DetectorWorker } from "../workers/detector_worker.ts";
import type { LiveHub } from "../workers/live_hub.ts";
import type { PresenceRouter } from "../workers/publisher_routes.ts";
import type { Roster } from "../workers/roster.ts";
import { captureSetup, type WorkerFactory } from "../workers/worker_factory.ts";
import { replanInForce } from "./in_force.ts";
import type { LoadedModels, NextFleet } from "./models.ts";

/** How long the ends of stays may take, whose pictures the leaving cameras have. */
const STAYS_END_MS = 2_000;
/** How long leaving workers, and the former streams of changed cameras, may take to stop. */
const STOP_MS = 5_000;

export interface ApplyParts {
  readonly roster: Roster;
  readonly factory: WorkerFactory;
  /** Gets the removed cameras, until they have stopped. */
  readonly leaving: Map<string, CameraWorker>;
  readonly live: LiveHub;
  readonly publisher: PresenceRouter;
  readonly clock: Clock;
}

/** A change that is in force. */
export interface FleetChanged {
  /** Workers that are not to be replaced any more. */
  readonly removed: readonly Child[];
  /** Cameras with another stream whose threads have failed: a restart need not wait. */
  readonly retried: readonly Child[];
  /** Pairs of a camera and a detector that are no more. */
  readonly removedPairs: readonly Pair[];
  /** Settles when what was removed has stopped, and changed streams were opened again. */
  readonly finished: Promise<void>;
}

/** Whether the cameras of a detector have to keep frames as pictures of stays. */
export function wantsPictures(presence: PresenceSettings | null): boolean {
  return presence !== null && presence.snapshot !== "none";
}

export function applyChange(
  next: NextFleet,
  models: LoadedModels,
  parts: ApplyParts,
): FleetChanged {
  return new Application(next, models, parts).run();
}

class Application {
  readonly #next: NextFleet;
  readonly #models: LoadedModels;
  readonly #parts: ApplyParts;
  readonly #cameras: ReadonlyMap<string, CameraSettings>;
  readonly #detectors: ReadonlyMap<string, DetectorSettings>;
  readonly #leavingCameras: CameraWorker[] = [];
  readonly #leavingPools: DetectorPool[] = [];
  readonly #leavingWorkers: DetectorWorker[] = [];
  /** Of cameras that stay. */
  readonly #leavingPairs: { readonly camera: CameraWorker; readonly pool: DetectorPool }[] = [];
  readonly #removedPairs: Pair[] = [];
  readonly #stop = new AbortController();

  constructor(next: NextFleet, models: LoadedModels, parts: ApplyParts) {
    this.#next = next;
    this.#models = models;
    this.#parts = parts;
    const { cameras, detectors } = next.settings;
    this.#cameras = new Map(cameras.map((camera) => [camera.id, camera]));
    this.#detectors = new Map(detectors.map((detector) => [detector.id, detector]));
  }

  run(): FleetChanged {
    const { settings, change, setups } = this.#next;
    const { publisher, roster, factory, live } = this.#parts;
    const staysEnded = publisher.replan(replanInForce(settings, change, publisher.presence));
    this.#findLeaving();
    this.#updatePools();
    const added = settings.cameras.filter(({ id }) => !roster.cameras.has(id))
      .map((camera) => factory.camera(camera, setups));
    for (const camera of added) roster.add(camera);
    live.setCameras([...this.#cameras.keys()]);
    for (const detector of settings.detectors) this.#subscribe(detector);
    this.#models.commit();
    for (const [id, { keys }] of change.detectors.changed) {
      const { inference } = this.#detectors.get(id) ?? {};
      if (inference === undefined || !keys.has("confidence")) continue;
      roster.pools.get(id)?.setConfidence(inference.confidence);
    }
    const deadline = this.#parts.clock.sleep(STOP_MS, this.#stop.signal).catch(() => undefined);
    const retried = [...change.cameras.changed].flatMap(([id, { isReplaced }]) => {
      const camera = roster.cameras.get(id);
      return isReplaced && camera?.running === false ? [camera] : [];
    });
    const reconnected = this.#changeCameras(deadline);
    for (const camera of added) camera.start();
    roster.sort(settings);
    return {
      removed: [...this.#leavingCameras, ...this.#leavingWorkers],
      retried,
      removedPairs: this.#removedPairs,
      finished: this.#finish(staysEnded, reconnected, deadline),
    };
  }

  /** What was removed goes on until its stays have ended. */
  #findLeaving(): void {
    const { roster, leaving } = this.#parts;
    for (const pool of roster.pools.values()) {
      const wanted = this.#detectors.get(pool.detector);
      for (const id of pool.cameras) {
        const camera = roster.cameras.get(id);
        if (camera === undefined || wanted?.cameras.includes(id) === true) continue;
        this.#removedPairs.push({ camera: id, detector: pool.detector });
        if (this.#cameras.has(id)) this.#leavingPairs.push({ camera, pool });
        else roster.countDropped(camera, pool.detector);
      }
      if (wanted === undefined) this.#leavingPools.push(pool);
      this.#leavingWorkers.push(...pool.workers.slice(wanted?.workers ?? 0));
    }
    for (const { detector } of this.#leavingPools) roster.pools.delete(detector);
    for (const [id, camera] of roster.cameras) {
      if (this.#cameras.has(id)) continue;
      this.#leavingCameras.push(camera);
      roster.cameras.delete(id);
      leaving.set(id, camera);
    }
  }

  #updatePools(): void {
    const { pools } = this.#parts.roster;
    for (const detector of this.#detectors.values()) {
      const workers = this.#models.workersOf(detector.id);
      const pool = pools.get(detector.id);
      if (pool === undefined) {
        pools.set(detector.id, new DetectorPool(detector, workers));
        continue;
      }
      pool.cameras = detector.cameras;
      pool.workers = workers;
    }
  }

  /** Adds or changes the subscriptions of a detector; what a command has changed stays. */
  #subscribe({ id, cameras, rateHz, presence }: DetectorSettings): void {
    const { roster } = this.#parts;
    const keys = this.#next.change.detectors.changed.get(id)?.keys;
    const pictures = wantsPictures(presence);
    for (const each of cameras) {
      const camera = roster.cameras.get(each);
      if (camera === undefined) continue;
      const known = camera.subscription(id);
      const subscription = known === null
        ? { detector: id, rateHz, paused: false, pictures }
        : { ...known, pictures, ...keys?.has("rateHz") === true ? { rateHz } : {} };
      if (isDeepStrictEqual(known, subscription)) continue;
      camera.subscribe(subscription);
      if (known !== null || !camera.running) continue;
      for (const worker of roster.pools.get(id)?.workers ?? []) {
        if (worker.readyAtMs !== null) roster.attach(camera, worker);
      }
    }
  }

  /** @returns those whose streams are opened again */
  #changeCameras(deadline: Promise<unknown>): Promise<void>[] {
    const { roster } = this.#parts;
    const reconnected: Promise<void>[] = [];
    for (const [id, { keys, isReplaced }] of this.#next.change.cameras.changed) {
      const settings = this.#cameras.get(id);
      const camera = roster.cameras.get(id);
      if (settings === undefined || camera === undefined) continue;
      if (keys.has("roi")) camera.setRoi(settings.roi);
      if (keys.has("masks")) camera.setMasks(settings.masks);
      if (isReplaced) {
        const setup = captureSetup(this.#next.setups, id);
        reconnected.push(camera.reconnect(settings, setup, deadline));
      } else camera.configure(settings);
    }
    return reconnected;
  }

  async #finish(
    staysEnded: Promise<void>,
    reconnected: readonly Promise<void>[],
    deadline: Promise<unknown>,
  ): Promise<void> {
    const { clock, roster, leaving } = this.#parts;
    const late = clock.sleep(STAYS_END_MS, this.#stop.signal).catch(() => undefined);
    await Promise.race([staysEnded, late]);
    for (const { camera, pool } of this.#leavingPairs) roster.leave(camera, pool);
    await Promise.all(this.#leavingWorkers.map((worker) => worker.stop(deadline)));
    for (const worker of this.#leavingWorkers) roster.workerLeft(worker);
    await Promise.all(this.#leavingCameras.map((camera) => camera.stop(deadline)));
    for (const camera of this.#leavingCameras) {
      for (const worker of roster.workers) worker.detach(camera.id);
      roster.remember(camera);
      leaving.delete(camera.id);
    }
    await Promise.all(reconnected);
    this.#stop.abort();
  }
}
