import { ModelError } from "../../core/errors.ts";

export type DetectorWorkerState =
  | "loading"
  | "ready"
  | "restarting"
  | "parked"
  | "failed"
  | "stopped";

/** Figures of one worker, over all its replacements. */
export interface WorkerStats {
  framesProcessed: number;
  framesDropped: number;
  inferencesEmitted: number;
  inferenceMsSum: number;
}

/** A model that is swapped in takes too long: the present one stays. */
export function tooSlow({ model }: { readonly model: string }, limitMs: number): ModelError {
  return new ModelError({
    code: "MODEL_LOAD_TIMEOUT",
    message: `Cannot load model ${model}: it was not loaded within ${limitMs / 1000} s`,
    retryable: true,
    remedy: "Use a smaller model, or look why its file is read so slowly.",
  });
}
