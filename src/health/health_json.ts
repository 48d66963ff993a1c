/** `orion.health/1`: what `GET /status` answers and the `health` topic carries. */
import type { LoadedModel } from "../core/detector_types.ts";
import { policyText } from "../core/model_input.ts";
import { round } from "../core/round.ts";
import { isoTime, type WallMs } from "../core/clock.ts";
import { detectorJson, presenceJson, sceneJson } from "./presence_json.ts";
import type { CameraReport, HealthReport, WorkerReport } from "./report.ts";

/** The text form of a report: times in ISO 8601, figures rounded. */
export function healthJson(report: HealthReport) {
  const { broker } = report;
  return {
    schema: "orion.health/1" as const,
    instance: report.instance,
    version: report.version,
    startedAt: isoTime(report.startedAtMs),
    uptimeSeconds: round(report.uptimeMs / 1000, 1),
    time: isoTime(report.timeMs),
    broker: {
      url: broker.url,
      embedded: broker.embedded,
      connected: broker.connected,
      since: isoTime(broker.sinceMs),
      protocol: broker.protocol,
      reconnects: broker.reconnects,
      error: broker.error,
      problem: broker.problem,
      messages: broker.messages,
    },
    cameras: report.cameras.map(cameraJson),
    detectors: report.detectors.map(detectorJson),
    workers: report.workers.map(workerJson),
    threadsAbandoned: report.threadsAbandoned,
    confinement: report.confinement,
    overrides: report.overrides,
  };
}

export type HealthJson = ReturnType<typeof healthJson>;

function cameraJson(camera: CameraReport) {
  const { info, ledger } = camera;
  return {
    id: camera.id,
    url: camera.url,
    state: camera.state,
    since: isoTime(camera.sinceMs),
    reason: camera.reason,
    reconnects: camera.reconnects,
    restarts: camera.restarts,
    error: camera.error,
    confinedBy: camera.confinedBy,
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
    decodeLevel: camera.decodeLevel,
    decodeSeconds: round(camera.decodeSeconds, 3),
    lastFrameAt: timeText(camera.lastFrameAtMs),
    gopBuffer: camera.gopBuffer,
    network: camera.network,
    ledger: {
      ...ledger,
      detectors: ledger.detectors.map((mailbox) => ({
        ...mailbox,
        dropRate: round(mailbox.dropRate, 4),
      })),
    },
    presence: presenceJson(camera.presence),
    configured: sceneJson(camera.configured),
    live: camera.live,
  };
}

function workerJson(worker: WorkerReport) {
  return {
    id: worker.id,
    detector: worker.detector,
    state: worker.state,
    restarts: worker.restarts,
    error: worker.error,
    problem: worker.problem,
    confinedBy: worker.confinedBy,
    model: worker.model === null ? null : modelJson(worker.model),
    inputs: [...worker.inputs].map(([camera, { width, height }]) => ({ camera, width, height })),
    framesProcessed: worker.framesProcessed,
    framesDropped: worker.framesDropped,
    inferencesEmitted: worker.inferencesEmitted,
    detectionsInvalid: worker.detectionsInvalid,
    dropRate: round(worker.dropRate, 4),
    avgLatencyMs: rounded(worker.avgLatencyMs, 2),
    lastSeenAt: timeText(worker.lastSeenAtMs),
  };
}

function modelJson({ identity, file, family, input, provider }: LoadedModel) {
  return { ...identity, ...file, family, input: policyText(input), provider };
}

function timeText(atMs: WallMs | null): string | null {
  return atMs === null ? null : isoTime(atMs);
}

function rounded(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined ? null : round(value, digits);
}
