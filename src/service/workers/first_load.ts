import type { Clock } from "../../core/clock.ts";
import { type ErrorData, errorFromData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { DetectorWorker } from "./detector_worker.ts";

/** The start of all detectors: waits until their models are loaded. */
export class FirstLoad {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limitMs: number;
  readonly #pending = new Map<DetectorWorker, PromiseWithResolvers<void>>();

  /** @param parts.limitMs  how long to wait for the models */
  constructor(parts: { clock: Clock; log: Log; limitMs: number }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#limitMs = parts.limitMs;
  }

  /**
   * Starts the workers and waits for their models; those that are not loaded in time load on.
   * @throws OrionError the error of the first one that failed
   */
  async start(workers: readonly DetectorWorker[]): Promise<void> {
    for (const worker of workers) {
      this.#pending.set(worker, Promise.withResolvers<void>());
      worker.start();
    }
    const timeUp = Promise.withResolvers<void>();
    const cancel = this.#clock.after(this.#limitMs, () => timeUp.resolve());
    try {
      const allReady = Promise.all([...this.#pending.values()].map(({ promise }) => promise));
      await Promise.race([allReady, timeUp.promise]);
    } finally {
      cancel();
    }
    this.#pending.clear();
    for (const { name, detector, readyAtMs } of workers) {
      if (readyAtMs !== null) continue;
      this.#log.warning("detector.load_delayed", {
        worker: name,
        detector,
        afterMs: this.#limitMs,
        remedy: "The cameras start without it; find out why the model loads so slowly.",
      });
    }
  }

  /** A worker has loaded its model. */
  ready(worker: DetectorWorker): void {
    this.#pending.get(worker)?.resolve();
  }

  /** @returns whether the failure belongs to the start, which it ends */
  failed(worker: DetectorWorker, error: ErrorData): boolean {
    const pending = this.#pending.get(worker);
    pending?.reject(errorFromData(error));
    return pending !== undefined;
  }
}
