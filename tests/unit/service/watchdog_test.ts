import assert from "node:assert/strict";
import type { SteadyMs } from "../../../src/core/clock.ts";
import {
  Watchdog,
  type Watched,
  type WatchedFlow,
  type WatchedWorker,
  workerTimeoutMs,
} from "../../../src/service/watchdog.ts";
import { HeldClock } from "../../support/held_clock.ts";

const SETTINGS = { intervalSeconds: 30, minTimeoutSeconds: 30, maxRestarts: 5 };
const FIVE_MINUTES_MS = 300_000;

/** A watchdog over one worker and one camera, whose state the test changes. */
function guard(change: { worker?: Partial<WatchedWorker>; flow?: Partial<WatchedFlow> } = {}) {
  const clock = new HeldClock(1_000_000);
  const silent: string[] = [];
  const worker = {
    name: "person-0",
    detector: "person",
    lastSeenAtMs: null as SteadyMs | null,
    readyAtMs: clock.nowMs() as SteadyMs | null,
    poolSize: 1,
    ...change.worker,
  };
  const flow = {
    camera: "gate",
    detector: "person",
    paused: false,
    rateHz: 5 as number | null,
    live: true,
    ...change.flow,
  };
  const capture = { name: "capture-gate", silentSinceMs: null as SteadyMs | null };
  const watched: Watched = { workers: [worker], flows: [flow], captures: [capture] };
  const watchdog = new Watchdog({
    settings: SETTINGS,
    clock,
    look: () => Promise.resolve(watched),
    onSilent: (name) => silent.push(name),
  });
  watchdog.start();
  return { clock, silent, worker, flow, capture, watchdog };
}

Deno.test("watchdog: a worker that finishes no inference although frames come is told", async () => {
  const { clock, silent, watchdog } = guard();
  await clock.pass(59_000);
  assert.deepEqual(silent, []);
  await clock.pass(31_000);
  assert.deepEqual(silent, ["person-0"]);
  watchdog.stop();
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("watchdog: a worker that works is left alone", async () => {
  const { clock, silent, worker } = guard();
  for (let passed = 0; passed < FIVE_MINUTES_MS; passed += 1000) {
    worker.lastSeenAtMs = clock.nowMs();
    await clock.pass(1000);
  }
  assert.deepEqual(silent, []);
});

Deno.test("watchdog: a paused detector, a camera without frames and a loading model cause no restart in five minutes", async () => {
  for (
    const change of [
      { flow: { paused: true } },
      { flow: { live: false } },
      { worker: { readyAtMs: null } },
    ]
  ) {
    const { clock, silent, watchdog } = guard(change);
    await clock.pass(FIVE_MINUTES_MS);
    assert.deepEqual(silent, [], JSON.stringify(change));
    watchdog.stop();
  }
});

Deno.test("watchdog: the time before a camera came back is not held against the worker", async () => {
  const { clock, silent, worker, flow } = guard({ flow: { live: false } });
  worker.lastSeenAtMs = clock.nowMs();
  await clock.pass(FIVE_MINUTES_MS);
  flow.live = true;
  await clock.pass(30_000);
  worker.lastSeenAtMs = clock.nowMs();
  await clock.pass(30_000);
  assert.deepEqual(silent, []);
  await clock.pass(60_000);
  assert.deepEqual(silent, ["person-0"]);
});

Deno.test("watchdog: a slow rate gives a worker three of its periods", async () => {
  assert.equal(workerTimeoutMs(30, [{ rateHz: 5 }], 1), 30_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }], 1), 60_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }, { rateHz: 0.05 }], 1), 30_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }], 2), 120_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: null }], 4), 30_000);
  const { clock, silent } = guard({ flow: { rateHz: 0.02 } });
  await clock.pass(150_000);
  assert.deepEqual(silent, []);
  await clock.pass(60_000);
  assert.deepEqual(silent, ["person-0"]);
});

Deno.test("watchdog: a camera's thread that leaves questions unanswered is told", async () => {
  const { clock, silent, worker, capture } = guard();
  capture.silentSinceMs = clock.nowMs();
  await clock.pass(30_000);
  worker.lastSeenAtMs = clock.nowMs();
  assert.deepEqual(silent, []);
  await clock.pass(30_000);
  assert.deepEqual(silent, ["capture-gate"]);
});
