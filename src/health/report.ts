import { type DropCounts, total, type UndecodedCounts } from "../core/accounts.ts";
import type { ReceivedReport } from "../core/camera_types.ts";
import { isoTime, plusMs, sinceMs, type SteadyMs, type WallMs } from "../core/clock.ts";
import type { ErrorData } from "../core/errors.ts";
import type { BrokerState } from "../core/publisher_types.ts";

/** A camera as the main thread knows it. */
export interface CameraView {
  readonly id: string;
  /** Without credentials. */
  readonly url: string;
  readonly report: ReceivedReport;
  /** Replacements of its thread. */
  readonly restarts: number;
  /** Why its worker is parked, or null. */
  readonly error: ErrorData | null;
  /** Inference messages handed to the MQTT client, by detector. */
  readonly emitted: ReadonlyMap<string, number>;
}

/** A worker as the main thread knows it. */
export interface WorkerView {
  readonly id: string;
  readonly detector: string;
  readonly state: string;
  readonly restarts: number;
  /** Why it is parked, or null. */
  readonly error: ErrorData | null;
  readonly framesProcessed: number;
  readonly framesDropped: number;
  readonly inferencesEmitted: number;
  readonly inferenceMsSum: number;
  readonly lastSeenAtMs: SteadyMs | null;
}

/** Everything a report is made of. */
export interface HealthParts {
  readonly instance: string;
  readonly version: string;
  readonly startedAtMs: WallMs;
  readonly uptimeMs: number;
  /** The moment of the report, by the clock of the instants in it. */
  readonly nowMs: SteadyMs;
  /** The same moment by the wall clock. */
  readonly timeMs: WallMs;
  readonly broker: BrokerState & { readonly url: string; readonly embedded: boolean };
  readonly cameras: readonly CameraView[];
  readonly workers: readonly WorkerView[];
  /** Threads that hang and were given up: nothing but the end of the process ends them. */
  readonly threadsAbandoned: number;
  /** What was changed by command and is in force. */
  readonly overrides: readonly unknown[];
}

/** Frames left out, of all there were: (dropped + undecoded) / (processed + dropped + undecoded). */
export function dropRate(processed: number, leftOut: number): number {
  return processed + leftOut === 0 ? 0 : leftOut / (processed + leftOut);
}

/** `orion.health/1`: what `GET /status` answers and the `health` topic carries. */
export function healthReport(parts: HealthParts) {
  return {
    schema: "orion.health/1" as const,
    instance: parts.instance,
    version: parts.version,
    startedAt: isoTime(parts.startedAtMs),
    uptimeSeconds: round(parts.uptimeMs / 1000, 1),
    time: isoTime(parts.timeMs),
    broker: {
      url: parts.broker.url,
      embedded: parts.broker.embedded,
      connected: parts.broker.connected,
      since: isoTime(parts.broker.sinceMs),
      protocol: parts.broker.protocol,
      reconnects: parts.broker.reconnects,
      error: parts.broker.error,
    },
    cameras: parts.cameras.map((camera) => cameraReport(camera, parts)),
    workers: workerReports(parts),
    threadsAbandoned: parts.threadsAbandoned,
    overrides: parts.overrides,
  };
}

export type HealthReport = ReturnType<typeof healthReport>;

/** An instant as the wall clock of the report has it, whatever it was set to meanwhile. */
function timeOf(atMs: SteadyMs | null, { nowMs, timeMs }: Moment): string | null {
  return atMs === null ? null : isoTime(plusMs(timeMs, -sinceMs(atMs, nowMs)));
}

type Moment = Pick<HealthParts, "nowMs" | "timeMs">;

function cameraReport(camera: CameraView, moment: Moment) {
  const { report } = camera;
  const { info } = report;
  return {
    id: camera.id,
    url: camera.url,
    state: report.state,
    since: isoTime(report.sinceMs),
    reason: report.reason,
    reconnects: report.reconnects,
    restarts: camera.restarts,
    error: camera.error,
    codec: info?.codec ?? null,
    decoder: info?.decoder ?? null,
    width: info?.width ?? null,
    height: info?.height ?? null,
    codedWidth: info?.codedWidth ?? null,
    codedHeight: info?.codedHeight ?? null,
    rotation: info?.rotation ?? null,
    mirrored: info?.mirrored ?? null,
    sampleAspectRatio: info?.sampleAspectRatio ?? null,
    pixelFormat: info?.pixelFormat ?? null,
    fps: rounded(info?.fps, 2),
    keyframeIntervalSeconds: rounded(info?.keyframeIntervalSeconds, 3),
    longestKeyframeIntervalSeconds: rounded(info?.longestKeyframeIntervalSeconds, 3),
    decodeLevel: report.decodeLevel,
    decodeSeconds: round(report.decodeSeconds, 3),
    lastFrameAt: timeOf(report.lastFrameAtMs, moment),
    gopBuffer: report.gopBuffer,
    network: report.network,
    ledger: ledgerReport(report, camera.emitted),
  };
}

/** The account of `docs/architecture.md`, with what was made of it. */
function ledgerReport(report: ReceivedReport, emitted: ReadonlyMap<string, number>) {
  const { account, network } = report;
  const { received, undecoded, corrupt, decoded } = account;
  return {
    /** Packets, not frames: beside the sums. */
    lost: network?.lostPackets ?? 0,
    received,
    undecoded,
    corrupt,
    decoded,
    detectors: account.detectors.map((mailbox) => ({
      ...mailbox,
      inferencesEmitted: emitted.get(mailbox.detector) ?? 0,
      dropRate: round(dropRate(mailbox.processed, leftOut(mailbox.dropped, undecoded)), 4),
    })),
  };
}

/**
 * Drops are a mailbox's, not a worker's. Those that were told with a delivery are its worker's; those
 * since are put to the first of the pool, so that the pool's sum is the mailboxes' sum.
 */
function workerReports({ workers, cameras, ...moment }: HealthParts) {
  const unassigned = new Map<string, number>();
  for (const { report: { account } } of cameras) {
    for (const { detector, dropped } of account.detectors) {
      const sum = unassigned.get(detector) ?? 0;
      unassigned.set(detector, sum + leftOut(dropped, account.undecoded));
    }
  }
  for (const worker of workers) {
    const sum = unassigned.get(worker.detector);
    if (sum !== undefined) unassigned.set(worker.detector, sum - worker.framesDropped);
  }
  return workers.map((worker) => {
    const { framesProcessed, inferenceMsSum } = worker;
    const framesDropped = worker.framesDropped +
      Math.max(0, unassigned.get(worker.detector) ?? 0);
    unassigned.delete(worker.detector);
    return {
      id: worker.id,
      detector: worker.detector,
      state: worker.state,
      restarts: worker.restarts,
      error: worker.error,
      framesProcessed,
      framesDropped,
      inferencesEmitted: worker.inferencesEmitted,
      dropRate: round(dropRate(framesProcessed, framesDropped), 4),
      avgLatencyMs: framesProcessed === 0 ? null : round(inferenceMsSum / framesProcessed, 2),
      lastSeenAt: timeOf(worker.lastSeenAtMs, moment),
    };
  });
}

function leftOut(dropped: DropCounts, undecoded: UndecodedCounts): number {
  return total(dropped) + total(undecoded);
}

function rounded(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined ? null : round(value, digits);
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}

/**
 * Why the service is not ready, as sentences; none when it is. It is when the broker is connected,
 * every camera delivered a frame within its stall time, and every detector has a worker that is ready.
 */
export function unreadiness(
  parts: HealthParts & { readonly stallTimeoutMs: ReadonlyMap<string, number> },
): string[] {
  const reasons: string[] = [];
  const { broker, cameras, workers, nowMs } = parts;
  if (!broker.connected) {
    const { error } = broker;
    reasons.push(`broker: ${error === null ? "CONNECTING" : `${error.code}: ${error.message}`}`);
  }
  for (const { id, report } of cameras) {
    const limitMs = parts.stallTimeoutMs.get(id) ?? 0;
    if (report.state !== "online" || report.reason !== null) {
      reasons.push(
        `camera ${id}: ${report.state}${report.reason === null ? "" : ` (${report.reason})`}`,
      );
    } else if (report.lastFrameAtMs === null || nowMs - report.lastFrameAtMs > limitMs) {
      reasons.push(`camera ${id}: no frame for more than ${limitMs / 1000} s`);
    }
  }
  const ready = new Set(
    workers.filter(({ state }) => state === "ready").map(({ detector }) => detector),
  );
  for (const { id, detector, state } of workers) {
    if (!ready.has(detector)) reasons.push(`detector ${detector}: worker ${id} is ${state}`);
  }
  return reasons;
}
