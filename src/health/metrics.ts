import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NetworkStats } from "../core/camera_types.ts";
import { epochMs } from "../core/clock.ts";
import type { MessageAccounts } from "../core/publisher_types.ts";
import { COUNTERS, GAUGES } from "./metric_names.ts";
import type { CameraReport, HealthReport } from "./report.ts";

/** The stages of a frame's latency. */
export type LatencyStage = "queue" | "convert" | "inference" | "postprocess" | "total";

/** Upper bounds in seconds, from a fast accelerator to a starved Raspberry Pi. */
const LATENCY_BUCKETS = [
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  5,
];

/** Figures of the process. */
export interface ProcessStats {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly droppedLogLines: number;
  /** Start time, in seconds since the Unix epoch. */
  readonly startSeconds: number;
  readonly build: {
    readonly version: string;
    readonly deno: string;
    readonly libav: string;
    readonly onnxruntime: string;
  };
}

type CounterName = keyof typeof COUNTERS;
type GaugeName = keyof typeof GAUGES;
type Labels = Record<string, string>;

/** The Prometheus metrics: counted here, or read from a report at each scrape. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #latency: Histogram;
  readonly #cpu: Counter;
  readonly #counters: Record<CounterName, Counter>;
  readonly #gauges: Record<GaugeName, Gauge>;
  #cpuSeconds = 0;

  constructor() {
    const registers = [this.#registry];
    this.#latency = new Histogram({
      name: "orion_latency_seconds",
      help: "Time a delivered frame spent in each stage.",
      labelNames: ["camera", "detector", "stage"],
      buckets: LATENCY_BUCKETS,
      registers,
    });
    this.#cpu = new Counter({
      name: "process_cpu_seconds_total",
      help: "User and system CPU time of the process in seconds.",
      registers,
    });
    const counter = (name: CounterName) => {
      const [metric, help, labelNames] = COUNTERS[name];
      return new Counter({ name: metric, help, labelNames: [...labelNames], registers });
    };
    const gauge = (name: GaugeName) => {
      const [metric, help, labelNames] = GAUGES[name];
      return new Gauge({ name: metric, help, labelNames: [...labelNames], registers });
    };
    this.#counters = {
      received: counter("received"),
      undecoded: counter("undecoded"),
      corrupt: counter("corrupt"),
      decoded: counter("decoded"),
      processed: counter("processed"),
      dropped: counter("dropped"),
      emitted: counter("emitted"),
      workerRestarts: counter("workerRestarts"),
      reconnects: counter("reconnects"),
      lostPackets: counter("lostPackets"),
      rtpAnomalies: counter("rtpAnomalies"),
      catchUps: counter("catchUps"),
      mqttProduced: counter("mqttProduced"),
      mqttPublished: counter("mqttPublished"),
      mqttDiscarded: counter("mqttDiscarded"),
      logDropped: counter("logDropped"),
      decodeSeconds: counter("decodeSeconds"),
    };
    this.#gauges = {
      waiting: gauge("waiting"),
      dropRatio: gauge("dropRatio"),
      fps: gauge("fps"),
      gopBytes: gauge("gopBytes"),
      gopFrames: gauge("gopFrames"),
      lastSeen: gauge("lastSeen"),
      cameraUp: gauge("cameraUp"),
      threadsAbandoned: gauge("threadsAbandoned"),
      mqttUp: gauge("mqttUp"),
      mqttWaiting: gauge("mqttWaiting"),
      memory: gauge("memory"),
      start: gauge("start"),
      build: gauge("build"),
    };
  }

  observe(of: { camera: string; detector: string; stage: LatencyStage }, ms: number): void {
    this.#latency.observe(of, ms / 1000);
  }

  /** Prometheus text with the figures of `report`. */
  async text(
    report: HealthReport,
    process: ProcessStats,
  ): Promise<{ text: string; contentType: string }> {
    for (const metric of Object.values(this.#counters)) metric.reset();
    for (const metric of Object.values(this.#gauges)) metric.reset();
    for (const camera of report.cameras) this.#camera(camera);
    for (const worker of report.workers) {
      this.#count("workerRestarts", { worker: worker.id }, worker.restarts);
      if (worker.lastSeenAtMs !== null) {
        this.#gauges.lastSeen.set({ worker: worker.id }, epochMs(worker.lastSeenAtMs) / 1000);
      }
    }
    this.#gauges.threadsAbandoned.set(report.threadsAbandoned);
    this.#count("logDropped", {}, process.droppedLogLines);
    this.#gauges.mqttUp.set(report.broker.connected ? 1 : 0);
    this.#messages(report.broker.messages);
    this.#gauges.memory.set(process.residentBytes);
    this.#gauges.start.set(process.startSeconds);
    this.#gauges.build.set(process.build, 1);
    this.#cpu.inc(Math.max(0, process.cpuSeconds - this.#cpuSeconds));
    this.#cpuSeconds = Math.max(this.#cpuSeconds, process.cpuSeconds);
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #camera(report: CameraReport): void {
    const camera = report.id;
    const { ledger } = report;
    const fps = report.info?.fps ?? null;
    this.#count("received", { camera }, ledger.received);
    this.#count("corrupt", { camera }, ledger.corrupt);
    this.#count("decoded", { camera }, ledger.decoded);
    this.#count("reconnects", { camera }, report.reconnects);
    this.#count("workerRestarts", { worker: `capture-${camera}` }, report.restarts);
    this.#count("decodeSeconds", { camera }, report.decodeSeconds);
    if (report.network !== null) this.#network(camera, report.network);
    if (fps !== null) this.#gauges.fps.set({ camera }, fps);
    this.#count("catchUps", { camera }, report.gopBuffer.catchUps);
    const { buffered, ...skipped } = ledger.undecoded;
    for (const [reason, count] of Object.entries(skipped)) {
      this.#count("undecoded", { camera, reason }, count);
    }
    // Decreases once they are decoded or skipped, so it is no counter.
    this.#gauges.gopFrames.set({ camera }, buffered);
    this.#gauges.gopBytes.set({ camera }, report.gopBuffer.bytes);
    const isUp = report.state === "online" && report.reason === null;
    this.#gauges.cameraUp.set({ camera }, isUp ? 1 : 0);
    for (const mailbox of ledger.detectors) {
      const labels = { camera, detector: mailbox.detector };
      this.#count("processed", labels, mailbox.processed);
      this.#count("emitted", labels, mailbox.inferencesEmitted);
      for (const [reason, count] of Object.entries(mailbox.dropped)) {
        this.#count("dropped", { ...labels, reason }, count);
      }
      this.#gauges.waiting.set(labels, mailbox.waiting);
      this.#gauges.dropRatio.set(labels, mailbox.dropRate);
    }
  }

  #messages(accounts: MessageAccounts): void {
    for (const [kind, { produced, published, discarded, waiting }] of Object.entries(accounts)) {
      const labels = { topic_kind: kind };
      this.#count("mqttProduced", labels, produced);
      this.#count("mqttPublished", labels, published);
      for (const [reason, count] of Object.entries(discarded)) {
        this.#count("mqttDiscarded", { ...labels, reason }, count);
      }
      this.#gauges.mqttWaiting.set(labels, waiting);
    }
  }

  #network(camera: string, network: NetworkStats): void {
    this.#count("lostPackets", { camera }, network.lostPackets);
    for (const [kind, count] of Object.entries(network.anomalies)) {
      this.#count("rtpAnomalies", { camera, kind }, count);
    }
  }

  #count(name: CounterName, labels: Labels, value: number): void {
    this.#counters[name].inc(labels, value);
  }
}
