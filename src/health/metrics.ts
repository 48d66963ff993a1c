import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { ResultNote } from "../core/detector_types.ts";
import type { Metric, ProcessStats } from "./metric_samples.ts";
import { COUNTERS, GAUGES } from "./metric_table.ts";
import type { HealthReport } from "./report.ts";

/** The stages of a frame's latency. */
const STAGES = ["queue", "convert", "inference", "postprocess", "total"] as const;
export type LatencyStage = typeof STAGES[number];

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

/** The Prometheus metrics: counted here, or read from a report at each scrape. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #latency: Histogram;
  readonly #cpu: Counter;
  readonly #counters: readonly (readonly [Metric, Counter])[];
  readonly #gauges: readonly (readonly [Metric, Gauge])[];
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
    const described = ({ name, help, labels }: Metric) => ({
      ...{ name, help, labelNames: [...labels], registers },
    });
    this.#counters = COUNTERS.map((metric) => [metric, new Counter(described(metric))]);
    this.#gauges = GAUGES.map((metric) => [metric, new Gauge(described(metric))]);
  }

  /** Observes the stages up to the result of a frame. */
  observeResult(note: ResultNote): void {
    const { camera, detector } = note;
    this.observe({ camera, detector, stage: "queue" }, note.queueMs);
    this.observe({ camera, detector, stage: "convert" }, note.convertMs);
    this.observe({ camera, detector, stage: "inference" }, note.inferenceMs);
    this.observe({ camera, detector, stage: "postprocess" }, note.postprocessMs);
  }

  observe(of: { camera: string; detector: string; stage: LatencyStage }, ms: number): void {
    this.#latency.observe(of, ms / 1000);
  }

  /** A detector does not take the frames of a camera any more. */
  forget(camera: string, detector: string): void {
    for (const stage of STAGES) this.#latency.remove({ camera, detector, stage });
  }

  /** Prometheus text with the figures of `report`. */
  async text(
    report: HealthReport,
    process: ProcessStats,
  ): Promise<{ text: string; contentType: string }> {
    const figures = { report, process };
    for (const [metric, counter] of this.#counters) {
      counter.reset();
      for (const [value, labels] of metric.samples(figures)) counter.inc({ ...labels }, value);
    }
    for (const [metric, gauge] of this.#gauges) {
      gauge.reset();
      for (const [value, labels] of metric.samples(figures)) gauge.set({ ...labels }, value);
    }
    const { cpuSeconds } = process;
    this.#cpu.inc(Math.max(0, cpuSeconds - this.#cpuSeconds));
    this.#cpuSeconds = Math.max(this.#cpuSeconds, cpuSeconds);
    return { text: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }
}
