import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NetworkStats } from "../core/camera_types.ts";
import { COUNTERS, GAUGES } from "./metric_names.ts";
import type { HealthReport } from "./report.ts";

/** The stages of a frame's way whose time is told. */
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

/** What the process is, and what it has used so far. */
export interface ProcessStats {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly droppedLogLines: number;
  /** When it started, in seconds since 1970. */
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

/** The metrics of the contract: what is counted here, and what a report tells at each scrape. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #latency: Histogram;
  readonly #published: Counter;
  readonly #discarded: Counter;
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
    this.#published = new Counter({
      name: "orion_mqtt_published_total",
      help: "Messages handed to the MQTT client.",
      labelNames: ["topic_kind"],
      registers,
    });
    this.#discarded = new Counter({
      name: "orion_mqtt_discarded_total",
      help: "Messages that were not sent.",
      labelNames: ["topic_kind", "reason"],
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
      memory: gauge("memory"),
      start: gauge("start"),
      build: gauge("build"),
    };
  }

  observe(of: { camera: string; detector: string; stage: LatencyStage }, ms: number): void {
    this.#latency.observe(of, ms / 1000);
  }

  published(topicKind: string): void {
    this.#published.inc({ topic_kind: topicKind });
  }

  discarded(topicKind: string, reason: string): void {
    this.#discarded.inc({ topic_kind: topicKind, reason });
  }

  /** Prometheus text of everything, in accordance with the report. */
  async text(
    report: HealthReport,
    process: ProcessStats,
  ): Promise<{ text: string; contentType: string }> {
    for (const metric of Object.values(this.#counters)) metric.reset();
    for (const metric of Object.values(this.#gauges)) metric.reset();
    for (const camera of report.cameras) this.#camera(camera);
    for (const worker of report.workers) {
      this.#count("workerRestarts", { worker: worker.id }, worker.restarts);
      if (worker.lastSeenAt !== null) {
        this.#gauges.lastSeen.set({ worker: worker.id }, Date.parse(worker.lastSeenAt) / 1000);
      }
    }
    this.#gauges.threadsAbandoned.set(report.threadsAbandoned);
    this.#count("logDropped", {}, process.droppedLogLines);
    this.#gauges.mqttUp.set(report.broker.connected ? 1 : 0);
    this.#gauges.memory.set(process.residentBytes);
    this.#gauges.start.set(process.startSeconds);
    this.#gauges.build.set(process.build, 1);
    this.#cpu.inc(Math.max(0, process.cpuSeconds - this.#cpuSeconds));
    this.#cpuSeconds = Math.max(this.#cpuSeconds, process.cpuSeconds);
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }

  #camera(report: HealthReport["cameras"][number]): void {
    const camera = report.id;
    const { ledger } = report;
    this.#count("received", { camera }, ledger.received);
    this.#count("corrupt", { camera }, ledger.corrupt);
    this.#count("decoded", { camera }, ledger.decoded);
    this.#count("reconnects", { camera }, report.reconnects);
    this.#count("workerRestarts", { worker: `capture-${camera}` }, report.restarts);
    this.#count("decodeSeconds", { camera }, report.decodeSeconds);
    if (report.network !== null) this.#network(camera, report.network);
    if (report.fps !== null) this.#gauges.fps.set({ camera }, report.fps);
    this.#count("catchUps", { camera }, report.gopBuffer.catchUps);
    const { buffered, ...settled } = ledger.undecoded;
    for (const [reason, count] of Object.entries(settled)) {
      this.#count("undecoded", { camera, reason }, count);
    }
    // It falls when they are settled: a counter may not.
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
