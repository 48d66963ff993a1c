import { type Clock, sinceMs, type SteadyMs } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";

/** How long a model counts as a problem after a result that no detector gives. */
export const PROBLEM_MS = 60_000;

/** Whether a worker's model gives what detectors give. */
export class OutputProblem {
  readonly #clock: Clock;
  #lastAtMs: SteadyMs | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A frame was inferred, of which so many results were dropped. */
  observe(invalid: number): void {
    if (invalid > 0) this.#lastAtMs = this.#clock.nowMs();
  }

  /** Another model was loaded. */
  reset(): void {
    this.#lastAtMs = null;
  }

  /** Why the model is not to be trusted, or null: for {@link PROBLEM_MS} after it gave such a result. */
  get problem(): ErrorData | null {
    const atMs = this.#lastAtMs;
    if (atMs === null || sinceMs(atMs, this.#clock.nowMs()) > PROBLEM_MS) return null;
    return {
      code: "MODEL_OUTPUT",
      message:
        "the model gives confidences outside 0..1, boxes that are not finite or classes without " +
        "a name; they are dropped",
      retryable: false,
      remedy: "Check the detector's family and preprocess, or use another model.",
    };
  }
}
