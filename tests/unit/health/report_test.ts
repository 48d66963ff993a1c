import assert from "node:assert/strict";
import { noDrops, noUndecoded } from "../../../src/core/accounts.ts";
import { plusMs, steadyMs, wallMs } from "../../../src/core/clock.ts";
import {
  dropRate,
  type HealthParts,
  healthReport,
  unreadiness,
} from "../../../src/health/report.ts";
import { Metrics } from "../../../src/health/metrics.ts";

const NOW = wallMs(1_795_345_361_640);
/** The steady clock at that moment, which counts from elsewhere. */
const STEADY = steadyMs(60_000);

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
};

const WORKERS = ["person-0", "person-1"].map((id, index) => ({
  id,
  detector: "person",
  state: "ready",
  restarts: index,
  error: null,
  framesProcessed: 10,
  framesDropped: 40,
  inferencesEmitted: 9,
  inferenceMsSum: 250,
  lastSeenAtMs: plusMs(STEADY, -100),
}));

function parts(change: Partial<HealthParts> = {}): HealthParts {
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
      restarts: 1,
      error: null,
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
    workers: WORKERS,
    threadsAbandoned: 2,
    overrides: [],
    ...change,
  };
}

Deno.test("report: a pool's drops sum up to its mailboxes' drops", () => {
  const { workers, cameras } = healthReport(parts());
  const dropped = workers.reduce((sum, worker) => sum + worker.framesDropped, 0);
  assert.equal(dropped, 79 + 10);
  assert.deepEqual(workers.map(({ avgLatencyMs }) => avgLatencyMs), [25, 25]);
  assert.equal(cameras[0]?.ledger.detectors[0]?.dropRate, 0.8165);
});

Deno.test("report: the drop rate is what was left out, of all there was", () => {
  assert.equal(dropRate(0, 0), 0);
  assert.equal(dropRate(1, 29), 29 / 30);
});

Deno.test("readiness: says which part is not ready and why", () => {
  const stallTimeoutMs = new Map([["gate", 10_000]]);
  const base = parts();
  assert.deepEqual(unreadiness({ ...base, stallTimeoutMs }), []);
  const message = "nothing listens there";
  const error = { code: "BROKER_REFUSED", message, retryable: true, remedy: "" };
  const broker = { ...base.broker, connected: false, error };
  const cameras = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, state: "stalled" as const, reason: "STREAM_STALLED" },
  }));
  assert.deepEqual(unreadiness({ ...base, broker, cameras, stallTimeoutMs }), [
    "broker: BROKER_REFUSED: nothing listens there",
    "camera gate: stalled (STREAM_STALLED)",
  ]);
  const old = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, lastFrameAtMs: plusMs(STEADY, -10_001) },
  }));
  assert.deepEqual(unreadiness({ ...base, cameras: old, stallTimeoutMs }), [
    "camera gate: no frame for more than 10 s",
  ]);
  const dark = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, reason: "NO_PICTURE" },
  }));
  const workers = base.workers.map((worker) => ({ ...worker, state: "parked" }));
  assert.deepEqual(unreadiness({ ...base, cameras: dark, workers, stallTimeoutMs }), [
    "camera gate: online (NO_PICTURE)",
    "detector person: worker person-0 is parked",
    "detector person: worker person-1 is parked",
  ]);
  const half = base.workers.map((worker) =>
    worker.id === "person-0" ? { ...worker, state: "parked" } : worker
  );
  assert.deepEqual(unreadiness({ ...base, workers: half, stallTimeoutMs }), [], "one is enough");
});

Deno.test("metrics: every name of the contract is there, and the values are the report's", async () => {
  const metrics = new Metrics();
  metrics.observe({ camera: "gate", detector: "person", stage: "total" }, 25);
  metrics.published("inference");
  metrics.discarded("inference", "superseded");
  const build = { version: "0.1.0", deno: "2.9.6", libav: "FFmpeg 5.1", onnxruntime: "1.30.0" };
  const process = {
    ...{ residentBytes: 1024, cpuSeconds: 2, startSeconds: 1_795_345_300, build },
    droppedLogLines: 7,
  };
  await metrics.text(healthReport(parts()), process);
  const { text } = await metrics.text(healthReport(parts()), process);
  for (
    const line of [
      'orion_frames_received_total{camera="gate"} 112',
      'orion_frames_undecoded_total{camera="gate",reason="asleep"} 6',
      'orion_gop_buffer_frames{camera="gate"} 4',
      'orion_gop_buffer_bytes{camera="gate"} 400000',
      'orion_catch_ups_total{camera="gate"} 3',
      'orion_frames_corrupt_total{camera="gate"} 2',
      'orion_frames_decoded_total{camera="gate"} 100',
      'orion_frames_processed_total{camera="gate",detector="person"} 20',
      'orion_frames_dropped_total{camera="gate",detector="person",reason="rate"} 79',
      'orion_mailbox_waiting{camera="gate",detector="person"} 1',
      'orion_inferences_emitted_total{camera="gate",detector="person"} 9',
      'orion_drop_ratio{camera="gate",detector="person"} 0.8165',
      'orion_latency_seconds_count{camera="gate",detector="person",stage="total"} 1',
      'orion_worker_last_seen_timestamp_seconds{worker="person-0"} 1795345361.54',
      'orion_worker_restarts_total{worker="person-1"} 1',
      'orion_worker_restarts_total{worker="capture-gate"} 1',
      'orion_camera_up{camera="gate"} 1',
      'orion_camera_reconnects_total{camera="gate"} 2',
      "orion_mqtt_up 1",
      "orion_threads_abandoned 2",
      'orion_mqtt_published_total{topic_kind="inference"} 1',
      'orion_mqtt_discarded_total{topic_kind="inference",reason="superseded"} 1',
      'orion_decode_seconds_total{camera="gate"} 1.5',
      "process_resident_memory_bytes 1024",
      "process_cpu_seconds_total 2",
      "process_start_time_seconds 1795345300",
      'orion_build_info{version="0.1.0",deno="2.9.6",libav="FFmpeg 5.1",onnxruntime="1.30.0"} 1',
      'orion_camera_fps{camera="gate"} 25',
      "orion_log_lines_dropped_total 7",
    ]
  ) assert.ok(text.split("\n").includes(line), `${line} is missing in\n${text}`);
});

Deno.test("metrics: what may be decoded yet is no counter, and a rate that is not known is not told", async () => {
  const base = parts();
  const cameras = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, info: null },
  }));
  const report = healthReport({ ...base, cameras });
  assert.equal(report.cameras[0]?.fps, null);
  assert.equal(report.cameras[0]?.gopBuffer.catchUps, 3);
  const build = { version: "", deno: "", libav: "", onnxruntime: "" };
  const { text } = await new Metrics().text(report, {
    ...{ residentBytes: 0, cpuSeconds: 0, startSeconds: 0, droppedLogLines: 0, build },
  });
  assert.doesNotMatch(text, /reason="buffered"|^orion_camera_fps\{/m);
});
