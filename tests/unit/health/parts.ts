/** A service with one camera and a pool of two workers, at one moment. */
import { noDrops, noUndecoded } from "../../../src/core/accounts.ts";
import { plusMs, steadyMs, wallMs } from "../../../src/core/clock.ts";
import type { CameraView, HealthParts } from "../../../src/health/report.ts";
import { LINE, occupancy, SETTINGS, ZONE } from "../../support/workers/presence_parts.ts";
import type { LoadedModel } from "../../../src/core/detector_types.ts";

const NOW = wallMs(1_795_345_361_640);
/** The steady clock at that moment: it has another origin. */
export const STEADY = steadyMs(60_000);

const INFO = {
  width: 1280,
  height: 720,
  codec: "h264",
  decoder: "h264",
  pixelFormat: "yuv420p",
  fps: 24.9999,
  keyframeIntervalSeconds: 2,
  longestKeyframeIntervalSeconds: 4,
  codedWidth: 1280,
  codedHeight: 720,
  rotation: 0,
  mirrored: false,
  sampleAspectRatio: 1,
};

const BROKER: HealthParts["broker"] = {
  url: "mqtt://127.0.0.1:1883",
  embedded: true,
  connected: true,
  sinceMs: NOW,
  error: null,
  protocol: 5,
  reconnects: 0,
  problem: null,
  messages: {
    inference: { produced: 4, published: 1, discarded: { superseded: 2 }, waiting: 1 },
  },
};

const CONFIGURED = { model: "builtin:person", rateHz: 5, confidence: 0.4 };

const PRESENCE: CameraView["presence"] = {
  zones: [ZONE],
  lines: [LINE],
  occupancy: [occupancy("door", 1), occupancy("all", 2)],
  stays: [{
    ...{ detector: "person", class: "person", started: 5, open: 2 },
    ended: { left: 2, camera_lost: 0, detector_lost: 0, paused: 1, restart: 0, shutdown: 0 },
  }],
};

const MODEL: LoadedModel = {
  identity: { name: "builtin:person", sha256: "0123456789ab" },
  file: { file: "nanodet-g-int8.onnx", precision: "int8", choice: "int8 is fast here" },
  family: "boxes and scores",
  input: {
    size: { kind: "free", maxPixels: 640 * 384, stepPx: 32 },
    ...{ placement: "centre", bars: 0.5 },
  },
  classes: ["person"],
  provider: "cpu",
};

const WORKERS = ["person-0", "person-1"].map((id, index) => ({
  id,
  detector: "person",
  state: "ready",
  restarts: index,
  error: null,
  confinedBy: ["files"] as const,
  model: MODEL,
  inputs: new Map([["gate", { width: 640, height: 384 }]]),
  framesProcessed: 10,
  framesDropped: 40,
  inferencesEmitted: 9,
  inferenceMsSum: 250,
  detectionsInvalid: 0,
  problem: null,
  lastSeenAtMs: plusMs(STEADY, -100),
}));

export function parts(change: Partial<HealthParts> = {}): HealthParts {
  return {
    instance: "lobby-1",
    version: "0.1.0",
    startedAtMs: plusMs(NOW, -60_000),
    uptimeMs: 60_000,
    nowMs: STEADY,
    timeMs: NOW,
    broker: BROKER,
    cameras: [{
      id: "gate",
      url: "rtsp://192.0.2.10:554",
      emitted: new Map([["person", 9]]),
      ...{ restarts: 1, error: null },
      confinedBy: ["files", "connections", "signals"],
      presence: PRESENCE,
      configured: { roi: null, masks: [], zones: [ZONE], lines: [] },
      live: { viewers: 3, pictures: 41 },
      report: {
        state: "online",
        reason: null,
        sinceMs: plusMs(NOW, -50_000),
        reconnects: 2,
        info: INFO,
        decodeLevel: "auto",
        lastFrameAtMs: plusMs(STEADY, -40),
        decodeSeconds: 1.5,
        account: {
          received: 112,
          undecoded: { ...noUndecoded(), asleep: 6, buffered: 4 },
          corrupt: 2,
          decoded: 100,
          detectors: [{
            detector: "person",
            paused: false,
            rateHz: 5,
            decoded: 100,
            processed: 20,
            dropped: { ...noDrops(), rate: 79 },
            waiting: 1,
          }],
        },
        gopBuffer: { packets: 26, bytes: 400_000, maxBytes: 33_554_432, catchUps: 3 },
        network: {
          lostPackets: 3,
          anomalies: { outlier: 1, jump: 0, constant: 0 },
          transport: "tcp",
          security: "none",
          track: { index: 0, kind: "video", encoding: "H264", others: [] },
        },
      },
    }],
    detectors: [
      { id: "person", cameras: ["gate"], presence: SETTINGS, configured: CONFIGURED },
      { id: "car", cameras: ["gate"], presence: null, configured: CONFIGURED },
    ],
    workers: WORKERS,
    threadsAbandoned: 2,
    confinement: { landlock: "auto", abi: 7 },
    overrides: [],
    droppedBefore: new Map(),
    ...change,
  };
}
