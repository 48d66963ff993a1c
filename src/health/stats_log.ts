import { total } from "../core/accounts.ts";
import type { CaptureReport } from "../core/camera_types.ts";
import type { SteadyMs } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import { round } from "../core/round.ts";
import { pairKey } from "./pair_key.ts";
import { dropRate } from "./report.ts";

/** Latencies kept per interval; beyond it the newest replace the oldest. */
const MAX_SAMPLES = 1024;

/** Below this share of the possible rate the line is a warning. */
const RATE_SLACK = 0.9;

/** A median above the lowest one by both this factor and this difference is a warning. */
const LATENCY_GROWTH = 2;
const LATENCY_GROWTH_MS = 100;

/** The part of a report that is logged. */
type Figures = Pick<CaptureReport, "state" | "account">;

/** Totals at the end of an interval. */
interface Totals {
  readonly atMs: SteadyMs;
  readonly processed: number;
  readonly dropped: number;
  readonly received: number;
}

/** State of one camera and detector between two lines. */
interface Flow {
  readonly samplesMs: number[];
  next: number;
  totals: Totals | null;
  lowestP50Ms: number | null;
}

/** Logs one line for each camera and detector at every interval. */
export class StatsLogger {
  readonly #log: Log;
  readonly #flows = new Map<string, Flow>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Records the latency of an inference message, up to the MQTT client. */
  sample(camera: string, detector: string, totalMs: number): void {
    const flow = this.#flow(camera, detector);
    if (flow.samplesMs.length < MAX_SAMPLES) flow.samplesMs.push(totalMs);
    else flow.samplesMs[flow.next++ % MAX_SAMPLES] = totalMs;
  }

  /** A detector does not take the frames of a camera any more. */
  forget(camera: string, detector: string): void {
    this.#flows.delete(pairKey(camera, detector));
  }

  /** Logs the interval that ends at `nowMs`. */
  write(camera: string, report: Figures, nowMs: SteadyMs): void {
    const { account } = report;
    for (const mailbox of account.detectors) {
      const flow = this.#flow(camera, mailbox.detector);
      const before = flow.totals;
      const totals = {
        atMs: nowMs,
        processed: mailbox.processed,
        dropped: total(mailbox.dropped) + total(account.undecoded),
        received: account.received,
      };
      flow.totals = totals;
      const samples = flow.samplesMs.splice(0).sort((a, b) => a - b);
      flow.next = 0;
      if (before === null) continue;
      const seconds = Math.max(0.001, (nowMs - before.atMs) / 1000);
      const processed = totals.processed - before.processed;
      // Skipped frames can be decoded later, and then count as corrupt.
      const dropped = Math.max(0, totals.dropped - before.dropped);
      const rateHz = processed / seconds;
      const possibleHz = Math.min(
        mailbox.rateHz ?? 0,
        (totals.received - before.received) / seconds,
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

  /** A high drop rate is not a fault, a rate below the possible one is. */
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
    const lowestMs = Math.min(flow.lowestP50Ms ?? p50Ms, p50Ms);
    flow.lowestP50Ms = lowestMs;
    const grown = p50Ms > lowestMs * LATENCY_GROWTH && p50Ms > lowestMs + LATENCY_GROWTH_MS;
    return grown ? "late" : "ok";
  }

  #flow(camera: string, detector: string): Flow {
    const key = pairKey(camera, detector);
    let flow = this.#flows.get(key);
    if (flow === undefined) {
      flow = { samplesMs: [], next: 0, totals: null, lowestP50Ms: null };
      this.#flows.set(key, flow);
    }
    return flow;
  }
}

/** The nearest-rank percentile of sorted values, rounded to one decimal; null when there are none. */
export function percentile(sorted: readonly number[], fraction: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(fraction * sorted.length) - 1)];
  return value === undefined ? null : round(value, 1);
}
