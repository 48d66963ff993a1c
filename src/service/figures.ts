import type { Cancel, Clock } from "../core/clock.ts";
import type { ResultNote } from "../core/detector_types.ts";
import type { Log } from "../core/log.ts";
import { DetectionLog } from "../health/detection_log.ts";
import { type HealthJson, healthJson } from "../health/health_json.ts";
import type { Metrics } from "../health/metrics.ts";
import { type HealthParts, healthReport } from "../health/report.ts";
import { StatsLogger } from "../health/stats_log.ts";
import type { Pair } from "./control/named.ts";
import type { Reporter } from "./reporter.ts";
import type { Fleet } from "./workers/fleet.ts";
import type { Emitted } from "./workers/publisher_worker.ts";

export interface FiguresParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly fleet: Pick<Fleet, "settings" | "hasPair" | "worker">;
  readonly reporter: Pick<Reporter, "parts" | "countEmitted" | "forget">;
  readonly hasPresence: (detector: string) => boolean;
  /** Publishes the figures of an interval. */
  readonly onHealth: (health: HealthJson) => void;
}

/** Counts, logs and publishes what cameras and detectors do. */
export class Figures {
  readonly #parts: FiguresParts;
  readonly #stats: StatsLogger;
  readonly #detections: DetectionLog;
  #cancel: Cancel | null = null;
  #isStopped = false;

  constructor(parts: FiguresParts) {
    this.#parts = parts;
    const { clock, log, hasPresence } = parts;
    this.#stats = new StatsLogger(log);
    this.#detections = new DetectionLog(log, clock, hasPresence);
  }

  /** A frame was inferred. */
  inferred(note: ResultNote): void {
    this.#parts.metrics.observeResult(note);
    this.#detections.observe(note);
  }

  /** An inference message was published. */
  emitted({ camera, detector, worker, totalMs }: Emitted): void {
    const { fleet, metrics, reporter } = this.#parts;
    // The pair may have been removed while the message waited.
    if (!fleet.hasPair({ camera, detector })) return;
    metrics.observe({ camera, detector, stage: "total" }, totalMs);
    this.#stats.sample(camera, detector, totalMs);
    reporter.countEmitted(camera, detector);
    fleet.worker(worker)?.countEmitted();
  }

  /** A detector does not take the frames of a camera any more. */
  forget({ camera, detector }: Pair): void {
    this.#parts.metrics.forget(camera, detector);
    this.#stats.forget(camera, detector);
    this.#detections.forget(camera, detector);
    this.#parts.reporter.forget(camera, detector);
  }

  /** Logs and publishes the figures, now and at every interval from now on. */
  async report(): Promise<void> {
    const { clock, reporter } = this.#parts;
    const parts = await reporter.parts();
    if (this.#isStopped) return;
    for (const { id, report } of parts.cameras) this.#stats.write(id, report, clock.nowMs());
    this.#publish(parts);
    this.restartInterval();
  }

  /** Reports again when a whole interval has passed from now on, which may be another one than before. */
  restartInterval(): void {
    const { clock, fleet } = this.#parts;
    this.#cancel?.();
    const intervalMs = fleet.settings.health.statsIntervalSeconds * 1000;
    this.#cancel = clock.after(intervalMs, () => this.report());
  }

  /** The configuration has changed: publishes the figures now. */
  async changed(): Promise<void> {
    const parts = await this.#parts.reporter.parts();
    if (!this.#isStopped) this.#publish(parts);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #publish(parts: HealthParts): void {
    this.#parts.onHealth(healthJson(healthReport(parts)));
  }
}
