import type { Clock } from "../../core/clock.ts";
import type { Confinement } from "../../core/confinement.ts";
import type { DetectorPlan, ResultNote } from "../../core/detector_types.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { FromInference, ToInference } from "../../core/messages.ts";
import type { ResultRouter } from "./publisher_routes.ts";
import type { Spawn } from "./worker_handle.ts";

/** How the threads of an inference worker are started. */
export interface InferenceSetup {
  readonly spawn: Spawn<ToInference, FromInference>;
  readonly confinement: Confinement | null;
}

/** What a new thread of an inference worker is to do, for itself and all later ones. */
export interface NextThread {
  readonly plan: DetectorPlan;
  /** The same without what commands have changed. */
  readonly configured: DetectorPlan;
  readonly setup: InferenceSetup;
  /** The time limit for loading the model. */
  readonly limitMs: number;
}

/** What an inference worker works with. */
export interface InferenceParts<Worker> extends InferenceSetup {
  readonly plan: DetectorPlan;
  readonly clock: Clock;
  readonly log: Log;
  /** The time limit for loading a model that replaces the present one. */
  readonly modelLoadLimitMs: number;
  readonly results: ResultRouter;
  /** The model is loaded: the worker may be attached to its cameras. */
  readonly onReady: (worker: Worker) => void;
  /** The thread is about to be terminated: the worker must be detached from its cameras. */
  readonly onAbandon: (worker: Worker) => void;
  readonly onInferred: (worker: Worker, note: ResultNote) => void;
  readonly onFailed: (worker: Worker, error: ErrorData) => void;
}
