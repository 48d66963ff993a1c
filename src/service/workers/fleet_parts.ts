import type { Settings } from "../../config/settings.ts";
import type { CameraStatus, LibavPaths } from "../../core/camera_types.ts";
import type { Clock } from "../../core/clock.ts";
import type { ResultNote } from "../../core/detector_types.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import type { Child } from "../supervision/child.ts";
import type { ServiceLimits } from "../supervision/limits.ts";
import type { CameraWorker } from "./camera_worker.ts";
import type { DetectorWorker } from "./detector_worker.ts";
import type { CameraRouter, PresenceRouter, ResultRouter } from "./publisher_routes.ts";
import type { Spawners } from "./spawners.ts";

/** What the fleet works with. */
export interface FleetParts {
  readonly settings: Settings;
  readonly libraries: LibavPaths;
  readonly confinements: Manifest["confinements"];
  readonly spawners: Pick<Spawners, "capture" | "inference">;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<ServiceLimits, "modelLoadWaitMs" | "modelLoadLimitMs">;
  /** What the cameras and the workers report to. */
  readonly publisher: CameraRouter & PresenceRouter & ResultRouter;
  readonly onStatus: (worker: CameraWorker, status: CameraStatus) => void;
  readonly onInferred: (worker: DetectorWorker, note: ResultNote) => void;
  readonly onFailed: (worker: Child, error: ErrorData) => void;
}
