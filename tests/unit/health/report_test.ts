import assert from "node:assert/strict";
import { plusMs } from "../../../src/core/clock.ts";
import { healthJson } from "../../../src/health/health_json.ts";
import { dropRate, healthReport, unreadiness } from "../../../src/health/report.ts";
import { parts, STEADY } from "./parts.ts";

Deno.test("report: a pool's drops add up to its mailboxes' drops", () => {
  const { workers, cameras } = healthJson(healthReport(parts()));
  const dropped = workers.reduce((sum, worker) => sum + worker.framesDropped, 0);
  assert.equal(dropped, 79 + 10);
  assert.deepEqual(workers.map(({ avgLatencyMs }) => avgLatencyMs), [25, 25]);
  assert.equal(cameras[0]?.ledger.detectors[0]?.dropRate, 0.8165);
});

Deno.test("report: the drop rate is dropped frames of all frames", () => {
  assert.equal(dropRate(0, 0), 0);
  assert.equal(dropRate(1, 29), 29 / 30);
});

Deno.test("readiness: a model that gives what no detector gives makes its detector unready", () => {
  const problem = { code: "MODEL_OUTPUT", message: "it is odd", retryable: false, remedy: "" };
  const base = parts();
  const workers = base.workers.map((worker, index) =>
    index === 0 ? { ...worker, problem } : worker
  );
  const stallTimeoutMs = new Map([["gate", 10_000]]);
  assert.deepEqual(unreadiness({ ...base, workers, stallTimeoutMs }), [
    `detector person: worker ${workers[0]?.id}: MODEL_OUTPUT: it is odd`,
  ]);
});

Deno.test("readiness: names each part that is not ready, and why", () => {
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
  const dropped = {
    code: "BROKER_STATUS_REFUSED",
    message: "it drops",
    retryable: true,
    remedy: "",
  };
  const dropping = { ...base.broker, problem: dropped };
  assert.deepEqual(unreadiness({ ...base, broker: dropping, stallTimeoutMs }), [
    "broker: BROKER_STATUS_REFUSED: it drops",
  ]);
  const doubled = { ...base.broker, problem: { ...dropped, code: "BROKER_DUPLICATE_INSTANCE" } };
  assert.deepEqual(unreadiness({ ...base, broker: doubled, stallTimeoutMs }), []);
  const old = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, lastFrameAtMs: plusMs(STEADY, -10_001) },
  }));
  assert.deepEqual(unreadiness({ ...base, cameras: old, stallTimeoutMs }), [
    "camera gate: no frame for more than 10 s",
  ]);
  const noPicture = base.cameras.map((camera) => ({
    ...camera,
    report: { ...camera.report, reason: "NO_PICTURE" },
  }));
  const workers = base.workers.map((worker) => ({ ...worker, state: "parked" }));
  assert.deepEqual(unreadiness({ ...base, cameras: noPicture, workers, stallTimeoutMs }), [
    "camera gate: online (NO_PICTURE)",
    "detector person: worker person-0 is parked",
    "detector person: worker person-1 is parked",
  ]);
  const half = base.workers.map((worker) =>
    worker.id === "person-0" ? { ...worker, state: "parked" } : worker
  );
  assert.deepEqual(unreadiness({ ...base, workers: half, stallTimeoutMs }), [], "one is enough");
});
