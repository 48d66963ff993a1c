import process from "node:process";
import { bothClocks, type Clock, epochMs, type Moment } from "../core/clock.ts";
import type { BrokerState, MessageAccounts } from "../core/publisher_types.ts";
import type { Redactor } from "../core/redact.ts";
import { ONNX_RUNTIME_VERSION } from "../core/version.ts";
import { type HealthJson, healthJson } from "../health/health_json.ts";
import type { Metrics } from "../health/metrics.ts";
import type { PresenceView } from "../health/presence_view.ts";
import { type HealthParts, healthReport, unreadiness } from "../health/report.ts";
import type { Fleet } from "./workers/fleet.ts";
import type { PresenceInForce } from "./workers/presence_in_force.ts";
import type { PresenceJournal } from "./workers/presence_journal.ts";

/** What a report is made from. */
export interface ReporterParts {
  readonly clock: Clock;
  readonly version: string;
  readonly fleet: Fleet;
  readonly metrics: Metrics;
  readonly droppedLogLines: () => number;
  /** Clients that read `GET /events`. */
  readonly eventReaders: () => number;
  readonly broker: () => BrokerState;
  readonly messages: () => MessageAccounts;
  readonly presence: PresenceInForce;
  readonly journal: PresenceJournal;
  readonly redactor: Redactor;
  /** The version of Landlock that the kernel offers; 0: none. */
  readonly landlockAbi: () => number;
  /** The number of threads that hang. */
  readonly threadsAbandoned: () => number;
  /** The settings changed by command. */
  readonly overrides: () => readonly unknown[];
}

/** Combines the figures of all parts into one report. */
export class Reporter {
  readonly #parts: ReporterParts;
  readonly #startedAt: Moment;
  readonly #emitted = new Map<string, Map<string, number>>();

  constructor(parts: ReporterParts) {
    this.#parts = parts;
    this.#startedAt = bothClocks(parts.clock);
  }

  /** Counts an inference message that was published. */
  countEmitted(camera: string, detector: string): void {
    const counts = this.#emitted.get(camera) ?? new Map<string, number>();
    this.#emitted.set(camera, counts.set(detector, (counts.get(detector) ?? 0) + 1));
  }

  /** A detector does not take the frames of a camera any more. */
  forget(camera: string, detector: string): void {
    this.#emitted.get(camera)?.delete(detector);
    if (this.#emitted.get(camera)?.size === 0) this.#emitted.delete(camera);
  }

  /** `orion.health/1`. */
  async report(): Promise<HealthJson> {
    return healthJson(healthReport(await this.parts()));
  }

  /** Why the service is not ready; empty when it is. */
  async unreadiness(): Promise<string[]> {
    const parts = await this.parts();
    const stallTimeoutMs = new Map(
      this.#parts.fleet.settings.cameras.map(({ id, stallTimeoutSeconds }) =>
        [id, stallTimeoutSeconds * 1000] as const
      ),
    );
    return unreadiness({ ...parts, stallTimeoutMs });
  }

  /** Prometheus text and its content type. */
  async metrics(): Promise<{ text: string; contentType: string }> {
    const { user, system } = process.cpuUsage();
    const report = healthReport(await this.parts());
    const cameras = [...this.#parts.fleet.cameras.values()];
    return this.#parts.metrics.text(report, {
      startSeconds: epochMs(this.#startedAt.wall) / 1000,
      build: {
        version: this.#parts.version,
        deno: Deno.version.deno,
        libav: cameras.map(({ libav }) => libav).find((release) => release !== "") ?? "",
        onnxruntime: ONNX_RUNTIME_VERSION,
      },
      residentBytes: Deno.memoryUsage().rss,
      cpuSeconds: (user + system) / 1e6,
      droppedLogLines: this.#parts.droppedLogLines(),
      eventReaders: this.#parts.eventReaders(),
    });
  }

  /** The parts of a report. Requests the reports of all cameras concurrently. */
  async parts(): Promise<HealthParts> {
    const { clock, version, fleet, redactor } = this.#parts;
    const { settings } = fleet;
    const cameras = await Promise.all(
      [...fleet.cameras.values()].map(async (camera) => ({
        id: camera.id,
        url: camera.settings.displayUrl,
        report: await camera.report(),
        restarts: camera.restarts,
        error: camera.error,
        confinedBy: camera.confinement.enforced,
        emitted: this.#emitted.get(camera.id) ?? new Map<string, number>(),
        presence: this.#presenceOf(camera.id),
        configured: camera.settings,
        live: fleet.live.figures(camera.id),
      })),
    );
    // Another configuration is in force since, perhaps with other cameras.
    if (fleet.settings !== settings) return await this.parts();
    const nowMs = clock.nowMs();
    const broker = this.#parts.broker();
    return {
      instance: settings.instance,
      version,
      startedAtMs: this.#startedAt.wall,
      uptimeMs: nowMs - this.#startedAt.steady,
      nowMs,
      timeMs: clock.wallMs(),
      broker: {
        ...broker,
        error: broker.error === null ? null : redactor.error(broker.error),
        problem: broker.problem === null ? null : redactor.error(broker.problem),
        messages: this.#parts.messages(),
        url: settings.mqtt.displayUrl,
        embedded: settings.mqtt.isEmbedded,
      },
      cameras,
      detectors: settings.detectors.map(({ id, cameras, model, rateHz, inference }) => ({
        ...{ id, cameras, presence: this.#parts.presence.settings(id) },
        configured: { model, rateHz, confidence: inference.confidence },
      })),
      threadsAbandoned: this.#parts.threadsAbandoned(),
      confinement: {
        landlock: settings.confinement.landlock,
        abi: this.#parts.landlockAbi(),
      },
      overrides: this.#parts.overrides(),
      droppedBefore: fleet.droppedBefore,
      workers: fleet.workers.map((worker) => ({
        id: worker.name,
        detector: worker.detector,
        state: worker.state,
        restarts: worker.restarts,
        error: worker.error,
        problem: worker.output.problem,
        confinedBy: worker.confinement.enforced,
        lastSeenAtMs: worker.lastSeenAtMs,
        ...{ model: worker.model.loaded, inputs: worker.model.inputs },
        ...worker.figures,
      })),
    };
  }

  #presenceOf(camera: string): PresenceView {
    const { presence, journal } = this.#parts;
    const { zones, lines } = presence.scene(camera);
    return {
      ...{ zones, lines },
      occupancy: journal.occupancy(camera, zones),
      stays: journal.accounts(camera),
    };
  }
}
