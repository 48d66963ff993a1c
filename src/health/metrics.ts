import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NetworkFigures } from "../core/messages.ts";
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

/** Names and texts of what is read off a report at each scrape. */
const COUNTERS = {
  received: ["orion_frames_received_total", "Video frames the camera sent.", ["camera"]],
  undecoded: [
    "orion_frames_undecoded_total",
    "Frames skipped before decoding because no detector would have taken them; " +
    "without those that may be decoded yet (orion_gop_buffer_frames).",
    ["camera", "reason"],
  ],
  corrupt: ["orion_frames_corrupt_total", "Damaged frames.", ["camera"]],
  decoded: ["orion_frames_decoded_total", "Frames decoded.", ["camera"]],
  processed: [
    "orion_frames_processed_total",
    "Frames handed to a worker.",
    ["camera", "detector"],
  ],
  dropped: [
    "orion_frames_dropped_total",
    "Decoded frames that did not reach the detector.",
    ["camera", "detector", "reason"],
  ],
  emitted: [
    "orion_inferences_emitted_total",
    "Inference messages handed to the MQTT client.",
    ["camera", "detector"],
  ],
  workerRestarts: ["orion_worker_restarts_total", "Replacements of a worker.", ["worker"]],
  reconnects: [
    "orion_camera_reconnects_total",
    "Connections to a camera after the first.",
    ["camera"],
  ],
  lostPackets: [
    "orion_rtp_packets_lost_total",
    "RTP packets that were lost on the way, or by the camera itself.",
    ["camera"],
  ],
  rtpAnomalies: [
    "orion_rtp_anomalies_total",
    "Frames with a wrong RTP timestamp.",
    ["camera", "kind"],
  ],
  catchUps: [
    "orion_catch_ups_total",
    "How often the decoder went on with packets that it had left out.",
    ["camera"],
  ],
  decodeSeconds: [
    "orion_decode_seconds_total",
    "Seconds spent in the decoder.",
    ["camera"],
  ],
} as const;

const GAUGES = {
  waiting: ["orion_mailbox_waiting", "Frames in the mailbox: 0 or 1.", ["camera", "detector"]],
  dropRatio: [
    "orion_drop_ratio",
    "Frames left out, of all there were, since the start.",
    ["camera", "detector"],
  ],
  fps: ["orion_camera_fps", "Frames a second that the camera sends, where known.", ["camera"]],
  gopBytes: [
    "orion_gop_buffer_bytes",
    "Bytes of the camera's packets that are kept for the decoder to go on with.",
    ["camera"],
  ],
  gopFrames: [
    "orion_gop_buffer_frames",
    "Frames that were received and skipped, and may be decoded yet.",
    ["camera"],
  ],
  lastSeen: [
    "orion_worker_last_seen_timestamp_seconds",
    "When the worker last finished an inference.",
    ["worker"],
  ],
  cameraUp: ["orion_camera_up", "1 while the camera delivers frames.", ["camera"]],
  threadsAbandoned: [
    "orion_threads_abandoned",
    "Threads that hang and were given up.",
    [],
  ],
  mqttUp: ["orion_mqtt_up", "1 while the broker is connected.", []],
  memory: [
    "process_resident_memory_bytes",
    "Resident memory of the process in bytes.",
    [],
  ],
  start: [
    "process_start_time_seconds",
    "Start time of the process since unix epoch in seconds.",
    [],
  ],
  build: [
    "orion_build_info",
    "1, and the versions of what Orion consists of.",
    ["version", "deno", "libav", "onnxruntime"],
  ],
} as const;

/** What the process is, and what it has used so far. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
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
    process: ProcessFigures,
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

  #network(camera: string, network: NetworkFigures): void {
    this.#count("lostPackets", { camera }, network.lostPackets);
    for (const [kind, count] of Object.entries(network.anomalies)) {
      this.#count("rtpAnomalies", { camera, kind }, count);
    }
  }

  #count(name: CounterName, labels: Labels, value: number): void {
    this.#counters[name].inc(labels, value);
  }
}
