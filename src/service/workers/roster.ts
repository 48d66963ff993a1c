import { total } from "../../core/accounts.ts";
import type { Settings } from "../../config/settings.ts";
import type { Pair } from "../control/named.ts";
import type { CameraWorker } from "./camera_worker.ts";
import type { DetectorPool } from "./detector_pool.ts";
import type { DetectorWorker } from "./detector_worker.ts";

/** Removed cameras whose numbers of frames are remembered; beyond it the oldest are forgotten. */
const MAX_REMEMBERED = 1_000;

/** The cameras and detectors of the settings in force, and the ports between their threads. */
export class Roster {
  /** In the order of the configuration, like {@link pools}. */
  readonly cameras = new Map<string, CameraWorker>();
  readonly pools = new Map<string, DetectorPool>();
  /** Frames that were not processed at cameras that a detector does not have any more, by detector. */
  readonly droppedBefore = new Map<string, number>();
  /** Where the numbers of a removed camera ended: should it come back, they do not repeat. */
  readonly #firstSeqs = new Map<string, number>();

  /** The workers of all detectors. */
  get workers(): readonly DetectorWorker[] {
    return [...this.pools.values()].flatMap(({ workers }) => workers);
  }

  /** Whether the configuration has a detector take the frames of a camera. */
  hasPair({ camera, detector }: Pair): boolean {
    return this.cameras.has(camera) && this.pools.get(detector)?.cameras.includes(camera) === true;
  }

  /** The cameras that a worker takes frames of. */
  camerasOf({ detector }: DetectorWorker): CameraWorker[] {
    return [...this.cameras.values()].filter((camera) => camera.subscription(detector) !== null);
  }

  /** Whether any detector takes frames of a camera: it has one that is not paused. */
  isDetecting(camera: CameraWorker): boolean {
    return [...this.pools.keys()].some((id) => camera.subscription(id)?.paused === false);
  }

  /** Attaches a worker that has loaded its model to its cameras. */
  workerReady(worker: DetectorWorker): void {
    for (const camera of this.camerasOf(worker)) {
      if (camera.running) this.attach(camera, worker);
    }
  }

  /** Attaches all workers that have loaded their model to a camera that was just started. */
  cameraStarted(camera: CameraWorker): void {
    for (const worker of this.workers) {
      if (worker.readyAtMs !== null && camera.subscription(worker.detector) !== null) {
        this.attach(camera, worker);
      }
    }
  }

  /** Opens a port between a camera's mailbox and a worker; it replaces an earlier one. */
  attach(camera: CameraWorker, worker: DetectorWorker): void {
    const { port1, port2 } = new MessageChannel();
    camera.attach({ detector: worker.detector, worker: worker.name, port: port1 });
    worker.attach(camera.id, port2);
  }

  /** Reports to each camera which frame a worker has finished last: it takes no more. */
  workerLeft(worker: DetectorWorker): void {
    for (const camera of this.camerasOf(worker)) detach(camera, worker);
  }

  /** A detector does not take the frames of a camera any more. */
  leave(camera: CameraWorker, pool: DetectorPool): void {
    this.countDropped(camera, pool.detector);
    for (const worker of pool.workers) {
      detach(camera, worker);
      worker.detach(camera.id);
    }
    camera.unsubscribe(pool.detector);
  }

  /** The figures of a detector's workers keep what was dropped at a camera that it does not have any more. */
  countDropped({ record: { report: { account } } }: CameraWorker, detector: string): void {
    const mailbox = account.detectors.find((each) => each.detector === detector);
    if (mailbox === undefined || !this.pools.has(detector)) return;
    const dropped = total(mailbox.dropped) + total(account.undecoded);
    this.droppedBefore.set(detector, (this.droppedBefore.get(detector) ?? 0) + dropped);
  }

  /** A camera was removed: its thread has ended. */
  remember({ id, record }: CameraWorker): void {
    this.#firstSeqs.delete(id);
    this.#firstSeqs.set(id, Math.max(record.firstSeq, record.report.account.received));
    for (const oldest of this.#firstSeqs.keys()) {
      if (this.#firstSeqs.size <= MAX_REMEMBERED) return;
      this.#firstSeqs.delete(oldest);
    }
  }

  /** Adds a camera, whose numbers continue where one of its id had them before. */
  add(camera: CameraWorker): void {
    const firstSeq = this.#firstSeqs.get(camera.id);
    if (firstSeq !== undefined) camera.advanceSeq(firstSeq - 1);
    this.cameras.set(camera.id, camera);
  }

  /** Sorts all as the configuration does, and forgets the figures of detectors that it does not have. */
  sort({ cameras, detectors }: Settings): void {
    sortBy(this.cameras, cameras);
    sortBy(this.pools, detectors);
    for (const detector of this.droppedBefore.keys()) {
      if (!this.pools.has(detector)) this.droppedBefore.delete(detector);
    }
  }
}

function detach(camera: CameraWorker, worker: DetectorWorker): void {
  const { name, detector } = worker;
  camera.detach({ detector, worker: name, lastSeq: worker.lastSeq(camera.id) });
}

function sortBy<T>(all: Map<string, T>, order: readonly { readonly id: string }[]): void {
  for (const { id } of order) {
    const found = all.get(id);
    if (found === undefined) continue;
    all.delete(id);
    all.set(id, found);
  }
}
