import assert from "node:assert/strict";
import { noDrops, noUndecoded } from "../../../src/core/accounts.ts";
import { healthJson } from "../../../src/health/health_json.ts";
import { healthReport } from "../../../src/health/report.ts";
import { parts } from "./parts.ts";

const WORKER = {
  id: "person-0",
  detector: "person",
  state: "ready",
  restarts: 0,
  error: null,
  confinedBy: ["files"],
  model: {
    ...{ name: "builtin:person", sha256: "0123456789ab", file: "nanodet-g-int8.onnx" },
    ...{ precision: "int8", choice: "int8 is fast here" },
    ...{ family: "boxes and scores", input: "auto, 640x384 at 16:9", provider: "cpu" },
  },
  inputs: [{ camera: "gate", width: 640, height: 384 }],
  framesProcessed: 10,
  framesDropped: 49,
  inferencesEmitted: 9,
  detectionsInvalid: 0,
  problem: null,
  dropRate: 0.8305,
  avgLatencyMs: 25,
  lastSeenAt: "2026-11-22T11:02:41.540Z",
};

const CAMERA = {
  id: "gate",
  url: "rtsp://192.0.2.10:554",
  state: "online",
  since: "2026-11-22T11:01:51.640Z",
  reason: null,
  reconnects: 2,
  restarts: 1,
  error: null,
  confinedBy: ["files", "connections", "signals"],
  codec: "h264",
  decoder: "h264",
  width: 1280,
  height: 720,
  codedWidth: 1280,
  codedHeight: 720,
  rotation: 0,
  mirrored: false,
  sampleAspectRatio: 1,
  pixelFormat: "yuv420p",
  fps: 25,
  keyframeIntervalSeconds: 2,
  longestKeyframeIntervalSeconds: 4,
  decodeLevel: "auto",
  decodeSeconds: 1.5,
  lastFrameAt: "2026-11-22T11:02:41.600Z",
  gopBuffer: { packets: 26, bytes: 400_000, maxBytes: 33_554_432, catchUps: 3 },
  network: {
    lostPackets: 3,
    anomalies: { outlier: 1, jump: 0, constant: 0 },
    transport: "tcp",
    security: "none",
    track: { index: 0, kind: "video", encoding: "H264", others: [] },
  },
  ledger: {
    lost: 3,
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
      inferencesEmitted: 9,
      dropRate: 0.8165,
    }],
  },
  presence: {
    zones: [{ id: "door", polygon: [[0.4, 0.5], [0.6, 0.5], [0.6, 1]], classes: ["person"] }],
    lines: [{ id: "gate", from: [0.1, 0.6], to: [0.9, 0.6] }],
    occupancy: [
      { zone: "door", occupied: true, counts: { person: 1 }, since: "2026-11-22T11:02:41.640Z" },
      { zone: "all", occupied: true, counts: { person: 2 }, since: "2026-11-22T11:02:41.640Z" },
    ],
    stays: [{
      ...{ detector: "person", class: "person", started: 5, open: 2 },
      ended: { left: 2, camera_lost: 0, detector_lost: 0, paused: 1, restart: 0, shutdown: 0 },
    }],
  },
  configured: {
    roi: null,
    masks: [],
    zones: [{ id: "door", polygon: [[0.4, 0.5], [0.6, 0.5], [0.6, 1]], classes: ["person"] }],
    lines: [],
  },
  live: { viewers: 3, pictures: 41 },
};

Deno.test("health json: every key of orion.health/1 in its form: times in ISO 8601, figures rounded", () => {
  assert.deepEqual(healthJson(healthReport(parts())), {
    schema: "orion.health/1",
    instance: "lobby-1",
    version: "0.1.0",
    startedAt: "2026-11-22T11:01:41.640Z",
    uptimeSeconds: 60,
    time: "2026-11-22T11:02:41.640Z",
    broker: {
      url: "mqtt://127.0.0.1:1883",
      embedded: true,
      connected: true,
      since: "2026-11-22T11:02:41.640Z",
      protocol: 5,
      reconnects: 0,
      error: null,
      problem: null,
      messages: {
        inference: { produced: 4, published: 1, discarded: { superseded: 2 }, waiting: 1 },
      },
    },
    cameras: [CAMERA],
    detectors: [
      {
        ...{ id: "person", cameras: ["gate"] },
        presence: {
          start: { frames: 2, of: 3 },
          ...{ endSeconds: 5, updateSeconds: 0, snapshot: "crop" },
        },
        configured: { model: "builtin:person", rateHz: 5, confidence: 0.4 },
      },
      {
        ...{ id: "car", cameras: ["gate"], presence: null },
        configured: { model: "builtin:person", rateHz: 5, confidence: 0.4 },
      },
    ],
    workers: [
      WORKER,
      { ...WORKER, id: "person-1", restarts: 1, framesDropped: 40, dropRate: 0.8 },
    ],
    threadsAbandoned: 2,
    confinement: { landlock: "auto", abi: 7 },
    overrides: [],
  });
});

Deno.test("health json: unknown figures are null", () => {
  const base = parts();
  const cameras = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, info: null, lastFrameAtMs: null, network: null },
  }));
  const workers = base.workers.map((worker) => ({
    ...worker,
    framesProcessed: 0,
    lastSeenAtMs: null,
  }));
  const json = healthJson(healthReport({ ...base, cameras, workers }));
  const [camera] = json.cameras;
  assert.ok(camera !== undefined);
  assert.deepEqual([camera.codec, camera.fps, camera.lastFrameAt], [null, null, null]);
  assert.deepEqual([camera.network, camera.ledger.lost], [null, 0]);
  assert.deepEqual(json.workers.map(({ avgLatencyMs }) => avgLatencyMs), [null, null]);
  assert.deepEqual(json.workers.map(({ lastSeenAt }) => lastSeenAt), [null, null]);
});
