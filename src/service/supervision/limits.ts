import { MAX_ABANDONED_THREADS } from "./abandoned_threads.ts";
import { PARKED_RETRY_MS } from "./supervisor.ts";
import { MODEL_LOAD_LIMIT_MS } from "./watchdog.ts";

/** How long the cameras wait at the start for models that are still loading. */
export const MODEL_LOAD_WAIT_MS = 60_000;

/** Limits that are not configurable; tests set shorter ones. */
export interface ServiceLimits {
  readonly modelLoadWaitMs: number;
  readonly modelLoadLimitMs: number;
  readonly parkedRetryMs: number;
  readonly maxAbandonedThreads: number;
}

export const SERVICE_LIMITS: ServiceLimits = {
  modelLoadWaitMs: MODEL_LOAD_WAIT_MS,
  modelLoadLimitMs: MODEL_LOAD_LIMIT_MS,
  parkedRetryMs: PARKED_RETRY_MS,
  maxAbandonedThreads: MAX_ABANDONED_THREADS,
};
