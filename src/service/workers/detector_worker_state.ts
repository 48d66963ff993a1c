import type { Clock, SteadyMs } from "../../core/clock.ts";
import type { ResultNote } from "../../core/detector_types.ts";

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

/** What one worker has finished, over all its threads. */
export class WorkerFigures {
  readonly #clock: Clock;
  readonly #stats: WorkerStats = {
    framesProcessed: 0,
    framesDropped: 0,
    inferencesEmitted: 0,
    inferenceMsSum: 0,
    detectionsInvalid: 0,
  };
  readonly #lastSeqs = new Map<string, number>();
  #lastSeenAtMs: SteadyMs | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get stats(): Readonly<WorkerStats> {
    return this.#stats;
  }

  /** When it last finished an inference, or null. */
  get lastSeenAtMs(): SteadyMs | null {
    return this.#lastSeenAtMs;
  }

  /** The last frame of a camera that it has finished, or null. */
  lastSeq(camera: string): number | null {
    return this.#lastSeqs.get(camera) ?? null;
  }

  inferred({ camera, seq, dropsSinceLast, inferenceMs, invalid }: ResultNote): void {
    this.finished(camera, seq);
    this.#stats.framesProcessed++;
    this.#stats.framesDropped += dropsSinceLast;
    this.#stats.inferenceMsSum += inferenceMs;
    this.#stats.detectionsInvalid += invalid;
  }

  /** A frame was inferred, or its inference failed. */
  finished(camera: string, seq: number): void {
    this.#lastSeqs.set(camera, seq);
    this.#lastSeenAtMs = this.#clock.nowMs();
  }

  countEmitted(): void {
    this.#stats.inferencesEmitted++;
  }

  /** The camera is not this worker's any more. */
  forget(camera: string): void {
    this.#lastSeqs.delete(camera);
  }
}
