export type DetectorWorkerState =
  | "loading"
  | "ready"
  | "restarting"
  | "parked"
  | "failed"
  | "stopped";

/** The figures of one worker, over all its threads. */
export interface WorkerStats {
  framesProcessed: number;
  framesDropped: number;
  inferencesEmitted: number;
  inferenceMsSum: number;
  /** Results of the model that no detector gives, and that were dropped. */
  detectionsInvalid: number;
}
