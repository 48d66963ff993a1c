import { total } from "../core/accounts.ts";
import type { CaptureReport } from "../core/camera_types.ts";
import type { SteadyMs } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { dropRate } from "./report.ts";

/** Latencies kept of one interval; at more, the newest replace the oldest. */
const MAX_SAMPLES = 1024;

/** Below this part of the rate that could be had, the line is a warning. */
const RATE_SLACK = 0.9;

/** A median that grew by this factor, and by this much, over the calmest interval is a warning. */
const LATENCY_GROWTH = 2;
const LATENCY_GROWTH_MS = 100;

/** What is looked at. */
type Figures = Pick<CaptureReport, "state" | "account">;

interface Before {
  readonly atMs: SteadyMs;
  readonly processed: number;
  readonly leftOut: number;
  readonly received: number;
}

/** One camera and detector between two lines. */
interface Flow {
  readonly samplesMs: number[];
  next: number;
  before: Before | null;
  calmestP50Ms: number | null;
}

/** Writes one line for each camera and detector at every interval. */
export class StatsLogger {
  readonly #log: Log;
  readonly #flows = new Map<string, Flow>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Notes how old the frame of an inference message was when it was handed over. */
  sample(camera: string, detector: string, totalMs: number): void {
    const flow = this.#flow(camera, detector);
    if (flow.samplesMs.length < MAX_SAMPLES) flow.samplesMs.push(totalMs);
    else flow.samplesMs[flow.next++ % MAX_SAMPLES] = totalMs;
  }

  /** Writes the lines of the interval that ends now. */
  write(camera: string, report: Figures, nowMs: SteadyMs): void {
    const { account } = report;
    for (const mailbox of account.detectors) {
      const flow = this.#flow(camera, mailbox.detector);
      const leftOut = total(mailbox.dropped) + total(account.undecoded);
      const { before } = flow;
      flow.before = {
        atMs: nowMs,
        processed: mailbox.processed,
        leftOut,
        received: account.received,
      };
      const samples = flow.samplesMs.splice(0).sort((a, b) => a - b);
      flow.next = 0;
      if (before === null) continue;
      const seconds = Math.max(0.001, (nowMs - before.atMs) / 1000);
      const processed = mailbox.processed - before.processed;
      // Frames that were left out may turn out to be damaged when they are decoded after all.
      const dropped = Math.max(0, leftOut - before.leftOut);
      const rateHz = processed / seconds;
      const possibleHz = Math.min(
        mailbox.rateHz ?? 0,
        (account.received - before.received) / seconds,
      );
      const p50Ms = percentile(samples, 0.5);
      const health = mailbox.paused
        ? "paused"
        : report.state !== "online"
        ? report.state
        : this.#judge({ flow, rateHz, possibleHz, p50Ms, waiting: mailbox.waiting });
      const line = {
        camera,
        detector: mailbox.detector,
        processed,
        dropped,
        dropRate: round(dropRate(processed, dropped), 3),
        rateHz: round(rateHz, 2),
        p50Ms,
        p99Ms: percentile(samples, 0.99),
        health,
      };
      if (health === "ok" || health === "paused") this.#log.info("stats", line);
      else this.#log.warning("stats", line);
    }
  }

  /** A high drop rate that was asked for is no fault; a rate that is not reached is one. */
  #judge(of: {
    flow: Flow;
    rateHz: number;
    possibleHz: number;
    p50Ms: number | null;
    waiting: number;
  }): string {
    const { flow, p50Ms } = of;
    if (of.rateHz === 0 && of.waiting === 1) return "silent";
    if (of.possibleHz > 0 && of.rateHz < RATE_SLACK * of.possibleHz) return "slow";
    if (p50Ms === null) return "ok";
    const calmestMs = Math.min(flow.calmestP50Ms ?? p50Ms, p50Ms);
    flow.calmestP50Ms = calmestMs;
    const grown = p50Ms > calmestMs * LATENCY_GROWTH && p50Ms > calmestMs + LATENCY_GROWTH_MS;
    return grown ? "late" : "ok";
  }

  #flow(camera: string, detector: string): Flow {
    const key = `${camera}/${detector}`;
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = { samplesMs: [], next: 0, before: null, calmestP50Ms: null };
      this.#flows.set(key, flow);
    }
    return flow;
  }
}

/** The nearest-rank percentile of sorted values, one decimal; null of none. */
export function percentile(sorted: readonly number[], fraction: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  return value === undefined ? null : round(value, 1);
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
