import assert from "node:assert/strict";
import { sinceMs, type SteadyMs } from "../../../../src/core/clock.ts";
import type { Child } from "../../../../src/service/supervision/child.ts";
import {
  Watchdog,
  type Watched,
  type WatchedFlow,
  type WatchedOffer,
  type WatchedWorker,
  workerTimeoutMs,
} from "../../../../src/service/supervision/watchdog.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const SETTINGS = { intervalSeconds: 30, minTimeoutSeconds: 30, maxRestarts: 5 };
const LOAD_LIMIT_MS = 200_000;
const FIVE_MINUTES_MS = 300_000;

function child(name: string): Child {
  return {
    name,
    start: () => undefined,
    abandon: () => undefined,
    stop: () => Promise.resolve(true),
    park: null,
  };
}

/** A watchdog over one worker and one camera, whose state the test changes. */
function guard(change: { worker?: Partial<WatchedWorker>; flow?: Partial<WatchedFlow> } = {}) {
  const clock = new HeldClock(1_000_000);
  const silent: string[] = [];
  const worker = {
    worker: child("person-0"),
    detector: "person",
    lastSeenAtMs: null as SteadyMs | null,
    startedAtMs: clock.nowMs() as SteadyMs | null,
    readyAtMs: clock.nowMs() as SteadyMs | null,
    poolSize: 1,
    ...change.worker,
  };
  const flow = {
    camera: "gate",
    detector: "person",
    paused: false,
    rateHz: 5 as number | null,
    ...change.flow,
  };
  const capture = { worker: child("capture-gate"), silentSinceMs: null as SteadyMs | null };
  /** Since when a frame is on offer to the worker, or null. */
  const offered = { sinceMs: null as SteadyMs | null, worker: "person-0" };
  const offers = (): WatchedOffer[] =>
    offered.sinceMs === null ? [] : [{
      camera: "gate",
      worker: offered.worker,
      forMs: sinceMs(offered.sinceMs, clock.nowMs()),
    }];
  const observe = (): Watched => ({
    workers: [worker],
    flows: [flow],
    offers: offers(),
    captures: [capture],
    cameras: [],
  });
  const watchdog = new Watchdog({
    settings: () => SETTINGS,
    clock,
    modelLoadLimitMs: LOAD_LIMIT_MS,
    observe: () => Promise.resolve(observe()),
    onSilent: ({ name }) => silent.push(name),
    onCameras: () => undefined,
  });
  watchdog.start();
  return { clock, silent, worker, flow, capture, offered, watchdog };
}

Deno.test("watchdog: a worker that leaves an offer and finishes nothing else is reported", async () => {
  const { clock, silent, offered, watchdog } = guard();
  offered.sinceMs = clock.nowMs();
  await clock.pass(59_000);
  assert.deepEqual(silent, []);
  await clock.pass(1_000);
  assert.deepEqual(silent, ["person-0"]);
  watchdog.stop();
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("watchdog: another interval counts from when it is set, and not from the next look", async () => {
  const clock = new HeldClock();
  const settings = { ...SETTINGS, intervalSeconds: 3600 };
  let looks = 0;
  const watchdog = new Watchdog({
    ...{ settings: () => settings, clock, modelLoadLimitMs: LOAD_LIMIT_MS },
    observe: () => {
      looks++;
      return Promise.resolve({ workers: [], flows: [], offers: [], captures: [], cameras: [] });
    },
    ...{ onSilent: () => undefined, onCameras: () => undefined },
  });
  watchdog.start();
  settings.intervalSeconds = 10;
  watchdog.start();
  await clock.pass(20_000);
  assert.equal(looks, 2);
  watchdog.stop();
  assert.deepEqual(clock.waitsMs, [], "the former timer is gone");
});

Deno.test("watchdog: a worker that was offered nothing is healthy, however long it is silent", async () => {
  const { clock, silent, worker, offered } = guard();
  worker.lastSeenAtMs = clock.nowMs();
  await clock.pass(FIVE_MINUTES_MS);
  // An offer to another worker makes no difference.
  offered.worker = "person-1";
  offered.sinceMs = clock.nowMs();
  await clock.pass(FIVE_MINUTES_MS);
  assert.deepEqual(silent, []);
});

Deno.test("watchdog: a worker that finishes other frames is healthy, whatever is on offer", async () => {
  const { clock, silent, worker, offered } = guard();
  offered.sinceMs = clock.nowMs();
  for (let passed = 0; passed < FIVE_MINUTES_MS; passed += 1000) {
    worker.lastSeenAtMs = clock.nowMs();
    await clock.pass(1000);
  }
  assert.deepEqual(silent, []);
});

Deno.test("watchdog: the timeout counts from the offer, not from the last inference", async () => {
  const { clock, silent, worker, offered } = guard();
  worker.lastSeenAtMs = clock.nowMs();
  await clock.pass(FIVE_MINUTES_MS);
  offered.sinceMs = clock.nowMs();
  await clock.pass(30_000);
  assert.deepEqual(silent, []);
  await clock.pass(30_000);
  assert.deepEqual(silent, ["person-0"]);
});

Deno.test("watchdog: an offer from before a pause does not count", async () => {
  const { clock, silent, offered } = guard({ flow: { paused: true } });
  offered.sinceMs = clock.nowMs();
  await clock.pass(FIVE_MINUTES_MS);
  assert.deepEqual(silent, []);
});

Deno.test("watchdog: the time for loading a model is limited", async () => {
  const { clock, silent, worker } = guard({ worker: { readyAtMs: null } });
  await clock.pass(LOAD_LIMIT_MS);
  assert.deepEqual(silent, []);
  await clock.pass(30_000);
  assert.deepEqual(silent, ["person-0"]);
  worker.startedAtMs = null;
  await clock.pass(FIVE_MINUTES_MS);
  assert.deepEqual(silent, ["person-0"], "a worker without a thread does not load");
});

Deno.test("watchdog: at a slow rate a worker has three of its periods", async () => {
  assert.equal(workerTimeoutMs(30, [{ rateHz: 5 }], 1), 30_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }], 1), 60_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }, { rateHz: 0.05 }], 1), 30_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: 0.05 }], 2), 120_000);
  assert.equal(workerTimeoutMs(30, [{ rateHz: null }], 4), 30_000);
  const { clock, silent, offered } = guard({ flow: { rateHz: 0.02 } });
  offered.sinceMs = clock.nowMs();
  await clock.pass(150_000);
  assert.deepEqual(silent, []);
  await clock.pass(60_000);
  assert.deepEqual(silent, ["person-0", "person-0"]);
});

Deno.test("watchdog: a camera's thread that leaves requests unanswered is reported", async () => {
  const { clock, silent, capture } = guard();
  capture.silentSinceMs = clock.nowMs();
  await clock.pass(30_000);
  assert.deepEqual(silent, []);
  await clock.pass(30_000);
  assert.deepEqual(silent, ["capture-gate"]);
});
