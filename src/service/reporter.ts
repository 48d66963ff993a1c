import process from "node:process";
import type { Settings } from "../config/settings.ts";
import { type Clock, epochMs, type SteadyMs, type WallMs } from "../core/clock.ts";
import type { BrokerState } from "../core/messages.ts";
import { Redactor } from "../core/redact.ts";
import { ONNX_RUNTIME_VERSION } from "../core/version.ts";
import type { Metrics } from "../health/metrics.ts";
import {
  type HealthParts,
  type HealthReport,
  healthReport,
  unreadiness,
} from "../health/report.ts";
import type { Fleet } from "./workers/fleet.ts";

/** Where a report comes from. */
export interface ReporterParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly version: string;
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly droppedLogLines: () => number;
  readonly broker: () => BrokerState;
  /** Threads that hang and were given up. */
  readonly threadsAbandoned: () => number;
  /** What was changed by command and is in force. */
  readonly overrides: () => readonly unknown[];
}

/** Gathers what every part knows of itself into one report. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #startedAtMs: WallMs;
  readonly #beganAtMs: SteadyMs;
  readonly #redactor: Redactor;
  readonly #emitted = new Map<string, Map<string, number>>();

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.wallMs();
    this.#beganAtMs = parts.clock.nowMs();
    this.#redactor = new Redactor(parts.settings.secrets());
  }

  /** An inference message was handed to the MQTT client. */
  emitted(camera: string, detector: string): void {
    const counts = this.#emitted.get(camera) ?? new Map<string, number>();
    this.#emitted.set(camera, counts.set(detector, (counts.get(detector) ?? 0) + 1));
  }

  /** `orion.health/1`. */
  async report(): Promise<HealthReport> {
    return healthReport(await this.parts());
  }

  /** Why the service is not ready; none when it is. */
  async unreadiness(): Promise<string[]> {
    const stallTimeoutMs = new Map(
      this.#parts.settings.cameras.map((camera) => [camera.id, camera.stallTimeoutSeconds * 1000]),
    );
    return unreadiness({ ...await this.parts(), stallTimeoutMs });
  }

  /** Prometheus text and its content type. */
  async metrics(): Promise<{ text: string; contentType: string }> {
    const { user, system } = process.cpuUsage();
    const report = await this.report();
    const cameras = [...this.#parts.fleet.cameras.values()];
    return this.#parts.metrics.text(report, {
      startSeconds: epochMs(this.#startedAtMs) / 1000,
      build: {
        version: this.#parts.version,
        deno: Deno.version.deno,
        libav: cameras.map(({ libav }) => libav).find((release) => release !== "") ?? "",
        onnxruntime: ONNX_RUNTIME_VERSION,
      },
      residentBytes: Deno.memoryUsage().rss,
      cpuSeconds: (user + system) / 1e6,
      droppedLogLines: this.#parts.droppedLogLines(),
    });
  }

  /** Asks every camera's thread for its account, all at once. */
  async parts(): Promise<HealthParts> {
    const { settings, clock, version, fleet } = this.#parts;
    const cameras = await Promise.all(
      [...fleet.cameras.values()].map(async (camera) => ({
        id: camera.id,
        url: camera.settings.displayUrl,
        report: await camera.report(),
        restarts: camera.restarts,
        error: camera.error,
        emitted: this.#emitted.get(camera.id) ?? new Map<string, number>(),
      })),
    );
    const nowMs = clock.nowMs();
    const broker = this.#parts.broker();
    return {
      instance: settings.instance,
      version,
      startedAtMs: this.#startedAtMs,
      uptimeMs: nowMs - this.#beganAtMs,
      nowMs,
      timeMs: clock.wallMs(),
      broker: {
        ...broker,
        error: broker.error === null ? null : this.#redactor.error(broker.error),
        url: settings.mqtt.displayUrl,
        embedded: settings.mqtt.isEmbedded,
      },
      cameras,
      threadsAbandoned: this.#parts.threadsAbandoned(),
      overrides: this.#parts.overrides(),
      workers: fleet.workers.map((worker) => ({
        id: worker.id,
        detector: worker.detector,
        state: worker.state,
        restarts: worker.restarts,
        error: worker.error,
        lastSeenAtMs: worker.lastSeenAtMs,
        ...worker.figures,
      })),
    };
  }
}
