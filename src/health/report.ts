import { type CameraAccount, total } from "../core/accounts.ts";
import type { ReceivedReport } from "../core/camera_types.ts";
import { plusMs, sinceMs, type SteadyMs, type WallMs } from "../core/clock.ts";
import type { ConfinedBy, LandlockSetting } from "../core/confinement.ts";
import type { LoadedModel } from "../core/detector_types.ts";
import type { ErrorData } from "../core/errors.ts";
import type { SizePx } from "../core/geometry.ts";
import type { BrokerState, MessageAccounts } from "../core/publisher_types.ts";
import type { ConfiguredScene, DetectorView, PresenceView } from "./presence_view.ts";

/** A camera in the main thread. */
export interface CameraView {
  readonly id: string;
  /** Without credentials. */
  readonly url: string;
  readonly report: ReceivedReport;
  /** Restarts of its worker. */
  readonly restarts: number;
  /** Why its worker is parked, or null. */
  readonly error: ErrorData | null;
  /** What the kernel enforces on its thread. */
  readonly confinedBy: readonly ConfinedBy[];
  /** Inference messages published, by detector. */
  readonly emitted: ReadonlyMap<string, number>;
  readonly presence: PresenceView;
  readonly configured: ConfiguredScene;
  readonly live: LiveFigures;
}

/** The live pictures of a camera. */
export interface LiveFigures {
  /** How many watch it at present. */
  readonly viewers: number;
  /** Pictures that were encoded for them so far, by all of its threads. */
  readonly pictures: number;
}

/** A worker in the main thread. */
export interface WorkerView {
  readonly id: string;
  readonly detector: string;
  readonly state: string;
  readonly restarts: number;
  /** Why it is parked, or null. */
  readonly error: ErrorData | null;
  /** What the kernel enforces on its thread. */
  readonly confinedBy: readonly ConfinedBy[];
  /** null before it has loaded one. */
  readonly model: LoadedModel | null;
  /** The size of the model's input for the newest frame of each camera. */
  readonly inputs: ReadonlyMap<string, SizePx>;
  readonly framesProcessed: number;
  readonly framesDropped: number;
  readonly inferencesEmitted: number;
  readonly inferenceMsSum: number;
  /** Results of the model that no detector gives, and that were dropped. */
  readonly detectionsInvalid: number;
  /** Why its model is not to be trusted, or null. */
  readonly problem: ErrorData | null;
  readonly lastSeenAtMs: SteadyMs | null;
}

/** The input of a report. */
export interface HealthParts {
  readonly instance: string;
  readonly version: string;
  readonly startedAtMs: WallMs;
  readonly uptimeMs: number;
  /** The moment of the report, by the steady clock. */
  readonly nowMs: SteadyMs;
  /** The same moment, by the wall clock. */
  readonly timeMs: WallMs;
  readonly broker: BrokerState & {
    readonly url: string;
    readonly embedded: boolean;
    readonly messages: MessageAccounts;
  };
  readonly cameras: readonly CameraView[];
  readonly detectors: readonly DetectorView[];
  readonly workers: readonly WorkerView[];
  /** Frames that were not processed at cameras that a detector does not have any more, by detector. */
  readonly droppedBefore: ReadonlyMap<string, number>;
  /** Threads that hung and were abandoned; only the end of the process ends them. */
  readonly threadsAbandoned: number;
  /** As configured, and the version of Landlock that the kernel offers; 0: none. */
  readonly confinement: { readonly landlock: LandlockSetting; readonly abi: number };
  /** Settings changed by command and in effect. */
  readonly overrides: readonly unknown[];
}

/** Frames that did not reach the detector, of all: (dropped + undecoded) / (processed + dropped + undecoded). */
export function dropRate(processed: number, dropped: number): number {
  return processed + dropped === 0 ? 0 : dropped / (processed + dropped);
}

/**
 * The figures of the service at one moment, as numbers and instants: the metrics read them, and
 * `health_json.ts` formats them.
 */
export function healthReport(parts: HealthParts) {
  const { nowMs, timeMs, cameras } = parts;
  return {
    instance: parts.instance,
    version: parts.version,
    startedAtMs: parts.startedAtMs,
    uptimeMs: parts.uptimeMs,
    timeMs,
    broker: parts.broker,
    cameras: cameras.map((camera) => cameraReport(camera, { nowMs, timeMs })),
    detectors: parts.detectors,
    workers: workerReports(parts),
    threadsAbandoned: parts.threadsAbandoned,
    confinement: parts.confinement,
    overrides: parts.overrides,
  };
}

export type HealthReport = ReturnType<typeof healthReport>;
export type CameraReport = HealthReport["cameras"][number];
export type WorkerReport = HealthReport["workers"][number];

type Moment = Pick<HealthParts, "nowMs" | "timeMs">;

/** Converts an instant to the report's wall clock, unaffected by earlier steps of it. */
function wallOf(atMs: SteadyMs | null, { nowMs, timeMs }: Moment): WallMs | null {
  return atMs === null ? null : plusMs(timeMs, -sinceMs(atMs, nowMs));
}

function cameraReport(camera: CameraView, moment: Moment) {
  const { id, url, restarts, error, confinedBy, emitted } = camera;
  const { presence, live, configured } = camera;
  const { account, lastFrameAtMs, ...report } = camera.report;
  return {
    ...report,
    id,
    url,
    restarts,
    error,
    confinedBy,
    lastFrameAtMs: wallOf(lastFrameAtMs, moment),
    ledger: ledgerReport(account, report.network?.lostPackets ?? 0, emitted),
    presence,
    configured,
    live,
  };
}

/** The ledger of `docs/architecture.md`, with the messages published. */
function ledgerReport(
  { received, undecoded, corrupt, decoded, detectors }: CameraAccount,
  lost: number,
  emitted: ReadonlyMap<string, number>,
) {
  return {
    /** Packets, not frames: beside the sums. */
    lost,
    received,
    undecoded,
    corrupt,
    decoded,
    detectors: detectors.map((mailbox) => ({
      ...mailbox,
      inferencesEmitted: emitted.get(mailbox.detector) ?? 0,
      dropRate: dropRate(mailbox.processed, total(mailbox.dropped) + total(undecoded)),
    })),
  };
}

/**
 * Mailboxes drop frames, not workers. Drops reported with a delivery count for its worker; later ones
 * for the first worker of the pool, so that the sum over the pool is the sum over the mailboxes.
 */
function workerReports({ workers, cameras, droppedBefore, ...moment }: HealthParts) {
  const unassigned = new Map(droppedBefore);
  for (const { report: { account } } of cameras) {
    for (const { detector, dropped } of account.detectors) {
      const sum = unassigned.get(detector) ?? 0;
      unassigned.set(detector, sum + total(dropped) + total(account.undecoded));
    }
  }
  for (const worker of workers) {
    const sum = unassigned.get(worker.detector);
    if (sum !== undefined) unassigned.set(worker.detector, sum - worker.framesDropped);
  }
  return workers.map(({ inferenceMsSum, lastSeenAtMs, ...worker }) => {
    const { framesProcessed } = worker;
    const framesDropped = worker.framesDropped +
      Math.max(0, unassigned.get(worker.detector) ?? 0);
    unassigned.delete(worker.detector);
    return {
      ...worker,
      framesDropped,
      dropRate: dropRate(framesProcessed, framesDropped),
      avgLatencyMs: framesProcessed === 0 ? null : inferenceMsSum / framesProcessed,
      lastSeenAtMs: wallOf(lastSeenAtMs, moment),
    };
  });
}

/**
 * Lists why the service is not ready; empty when the broker is connected and keeps our status, every camera delivered a
 * frame within its stall timeout, and every detector has a worker that is ready and a model that gives what detectors give.
 */
export function unreadiness(
  parts: HealthParts & { readonly stallTimeoutMs: ReadonlyMap<string, number> },
): string[] {
  const reasons: string[] = [];
  const { broker, cameras, workers, nowMs } = parts;
  if (!broker.connected) {
    const { error } = broker;
    reasons.push(`broker: ${error === null ? "CONNECTING" : `${error.code}: ${error.message}`}`);
  } else if (broker.problem?.code === "BROKER_STATUS_REFUSED") {
    reasons.push(`broker: ${broker.problem.code}: ${broker.problem.message}`);
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
  for (const { id, detector, state, problem } of workers) {
    if (problem !== null) {
      reasons.push(`detector ${detector}: worker ${id}: ${problem.code}: ${problem.message}`);
    }
    if (!ready.has(detector)) reasons.push(`detector ${detector}: worker ${id} is ${state}`);
  }
  return reasons;
}
