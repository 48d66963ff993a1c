import type { CameraSettings } from "../../config/settings.ts";
import type { CameraStatus } from "../../core/camera_types.ts";
import type { DetectorPlan, ResultNote } from "../../core/detector_types.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { LivePicture } from "../../core/live_types.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import { CameraWorker, type CaptureSetup } from "./camera_worker.ts";
import { DetectorWorker } from "./detector_worker.ts";
import type { FleetParts } from "./fleet_parts.ts";
import type { InferenceSetup } from "./inference_parts.ts";
import type { Spawners } from "./spawners.ts";

/** How the threads of one configuration are started. */
export interface ThreadSetups {
  readonly spawners: Pick<Spawners, "capture" | "inference">;
  readonly confinements: Manifest["confinements"];
}

export function captureSetup(
  { spawners, confinements }: ThreadSetups,
  camera: string,
): CaptureSetup {
  const confinement = confinements.get(`capture ${camera}`) ?? null;
  return { spawn: spawners.capture(camera), confinement };
}

export function inferenceSetup(
  { spawners, confinements }: ThreadSetups,
  detector: string,
): InferenceSetup {
  const confinement = confinements.get(`inference ${detector}`) ?? null;
  return { spawn: spawners.inference(detector), confinement };
}

/** What the workers of a fleet report to it. */
export interface WorkerEvents {
  readonly onStarted: (camera: CameraWorker) => void;
  readonly onLive: (camera: string, picture: LivePicture) => void;
  readonly onStatus: (camera: CameraWorker, status: CameraStatus) => void;
  readonly onCameraFailed: (camera: CameraWorker, error: ErrorData) => void;
  readonly onReady: (worker: DetectorWorker) => void;
  readonly onAbandon: (worker: DetectorWorker) => void;
  readonly onInferred: (worker: DetectorWorker, note: ResultNote) => void;
  readonly onWorkerFailed: (worker: DetectorWorker, error: ErrorData) => void;
}

/** Makes the workers of a fleet. */
export class WorkerFactory {
  readonly #parts: FleetParts;
  readonly #events: WorkerEvents;

  constructor(parts: FleetParts, events: WorkerEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  camera(settings: CameraSettings, setups: ThreadSetups): CameraWorker {
    const { libraries, clock, log, publisher } = this.#parts;
    const { onStarted, onLive, onStatus, onCameraFailed } = this.#events;
    return new CameraWorker({
      ...captureSetup(setups, settings.id),
      ...{ settings, libraries, clock, log, onStarted, onLive, onStatus },
      onFailed: onCameraFailed,
      pictures: publisher,
    });
  }

  /** @param plan  of the detector, at its place in the pool */
  worker(plan: DetectorPlan, setups: ThreadSetups): DetectorWorker {
    const { clock, log, publisher, limits } = this.#parts;
    const { onReady, onAbandon, onInferred, onWorkerFailed } = this.#events;
    return new DetectorWorker({
      ...inferenceSetup(setups, plan.detector),
      ...{ plan, clock, log, onReady, onAbandon, onInferred },
      modelLoadLimitMs: limits.modelLoadLimitMs,
      results: publisher,
      onFailed: onWorkerFailed,
    });
  }
}
