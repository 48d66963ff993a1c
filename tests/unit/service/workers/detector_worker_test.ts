import assert from "node:assert/strict";
import type { ErrorData } from "../../../../src/core/errors.ts";
import { type LogRecord, logTo } from "../../../../src/core/log.ts";
import type { FromInference, ToInference } from "../../../../src/core/messages.ts";
import { DetectorPool } from "../../../../src/service/workers/detector_pool.ts";
import { DetectorWorker, RETIRE_MS } from "../../../../src/service/workers/detector_worker.ts";
import { detectorPlan } from "../../../../src/service/workers/start_messages.ts";
import { HeldClock, settle } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import {
  FakeRouter,
  FAULT,
  inferred,
  READY,
  settingsOf,
} from "../../../support/workers/service_parts.ts";

const LOAD_LIMIT_MS = 60_000;
const NEVER = new Promise<never>(() => undefined);
const MODEL = {
  ...{ model: "other.onnx", modelPath: "/srv/models/other.onnx", resolvedPath: null },
  ...{ maxPixels: 174_080, int8: null },
};

/** A pool of two workers; disposed, it closes all ports. */
function rig() {
  const clock = new HeldClock();
  const threads = new FakeThreads<ToInference, FromInference>();
  const router = new FakeRouter();
  const records: LogRecord[] = [];
  const events: string[] = [];
  const errors: ErrorData[] = [];
  const [settings] = settingsOf('cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }]').detectors;
  assert.ok(settings !== undefined);
  const workers = [0, 1].map((index) =>
    new DetectorWorker({
      spawn: threads.spawn,
      plan: detectorPlan(settings, index),
      confinement: null,
      clock,
      log: logTo((record) => records.push(record)),
      modelLoadLimitMs: LOAD_LIMIT_MS,
      results: router,
      onReady: ({ name }) => events.push(`ready ${name}`),
      onAbandon: ({ name }) =>
        events.push(`abandon ${name}, terminated: ${threads.newest(name).isTerminated}`),
      onInferred: ({ name }, { seq }) => events.push(`inferred ${name} ${seq}`),
      onFailed: ({ name }, error) => {
        events.push(`failed ${name}`);
        errors.push(error);
      },
    })
  );
  const [worker] = workers;
  assert.ok(worker !== undefined);
  const start = () => {
    worker.start();
    threads.newest().emit(READY);
  };
  return {
    ...{ clock, threads, router, records, events, errors, worker, start },
    pool: new DetectorPool(settings, workers),
    [Symbol.dispose]() {
      threads[Symbol.dispose]();
      router[Symbol.dispose]();
    },
  };
}

Deno.test("detector worker: a thread gets a port for its results, loads the model, and is ready", async () => {
  using test = rig();
  const { clock, threads, events, records, worker } = test;
  worker.start();
  assert.deepEqual(threads.newest().posted.map(({ kind }) => kind), ["results", "start"]);
  assert.deepEqual([worker.state, worker.readyAtMs], ["loading", null]);
  assert.equal(worker.startedAtMs, clock.nowMs());
  await clock.pass(500);
  threads.newest().emit(READY);
  assert.deepEqual([worker.state, worker.readyAtMs], ["ready", clock.nowMs()]);
  assert.deepEqual(events, ["ready person-0"]);
  assert.deepEqual(records.map(({ event }) => event), ["detector.loaded"]);
});

Deno.test("detector worker: results and failed frames count, and move the last sequence number", () => {
  using test = rig();
  const { threads, worker, start } = test;
  start();
  assert.deepEqual([worker.lastSeq("gate"), worker.lastSeenAtMs], [null, null]);
  threads.newest().emit(inferred(7));
  threads.newest().emit({ kind: "frame-failed", camera: "gate", seq: 9, error: FAULT });
  worker.countEmitted();
  assert.deepEqual([worker.lastSeq("gate"), worker.lastSeq("yard")], [9, null]);
  assert.deepEqual(worker.figures, {
    framesProcessed: 1,
    framesDropped: 3,
    inferencesEmitted: 1,
    inferenceMsSum: 20,
    detectionsInvalid: 0,
  });
});

Deno.test("detector worker: figures and settings outlive the thread, which is detached first", () => {
  using test = rig();
  const { threads, router, records, events, worker, start } = test;
  start();
  threads.newest().emit(inferred(7));
  worker.setConfidence(0.9);
  const old = threads.newest();
  worker.abandon();
  old.emit(inferred(8));
  assert.deepEqual(events.slice(1), ["inferred person-0 7", "abandon person-0, terminated: false"]);
  assert.deepEqual(router.calls, ["open person-0", "abandon person-0"]);
  assert.deepEqual(
    [worker.state, worker.restarts, worker.startedAtMs, worker.readyAtMs],
    ["restarting", 1, null, null],
  );
  assert.deepEqual([worker.figures.framesProcessed, worker.lastSeq("gate")], [1, 7]);

  start();
  assert.equal(threads.newest().of("start")[0]?.plan.confidence, 0.9);
  assert.equal(router.calls.at(-1), "open person-0");
  assert.equal(records.at(-1)?.event, "worker.recovered");
});

Deno.test("detector worker: while parked it has the error, until it is started", () => {
  using test = rig();
  const { worker, start } = test;
  start();
  worker.abandon();
  worker.park(FAULT);
  assert.deepEqual([worker.state, worker.error], ["parked", FAULT]);
  start();
  assert.deepEqual([worker.state, worker.error], ["ready", null]);
});

Deno.test("detector worker: a replaced publisher gets a port from every thread that infers", async () => {
  using test = rig();
  const { threads, worker, start } = test;
  start();
  const prepared = worker.prepareModel(MODEL);
  threads.newest().emit(READY);
  (await prepared).commit();
  worker.connectResults();
  const ports = threads.all.map((thread) => thread.of("results").length);
  assert.deepEqual(ports, [2, 2], "also from the one that finishes its last frame");
  threads.all[0]?.emit({ kind: "stopped" });
  await settle();
  worker.connectResults();
  assert.deepEqual(threads.all.map((thread) => thread.of("results").length), [2, 3]);
});

Deno.test("detector worker: a new model replaces the thread, and keeps a confidence set meanwhile", async () => {
  using test = rig();
  const { threads, events, errors, worker, start } = test;
  start();
  const loading = worker.prepareModel(MODEL);
  worker.setConfidence(0.8);
  const [old, fresh] = [threads.all[0], threads.newest()];
  fresh.emit(READY);
  const prepared = await loading;
  assert.deepEqual(events, ["ready person-0"], "the present thread is still in use");
  prepared.commit();
  assert.equal(fresh.of("start")[0]?.plan.model, MODEL.model);
  assert.deepEqual(fresh.of("confidence"), [{ kind: "confidence", confidence: 0.8 }]);
  assert.deepEqual(events, ["ready person-0", "ready person-0"]);
  assert.equal(old?.posted.at(-1)?.kind, "stop");
  old?.emit(inferred(3));
  fresh.emit(inferred(4));
  assert.equal(worker.figures.framesProcessed, 2, "the old thread's last frame counts");
  old?.fail(FAULT);
  assert.deepEqual([errors, worker.state], [[], "ready"], "its failure replaces no other thread");
  fresh.fail(FAULT);
  assert.deepEqual([errors, worker.state], [[FAULT], "failed"]);
});

Deno.test("detector worker: a thread that hangs in its last frame is terminated in time", async () => {
  using test = rig();
  const { clock, threads, worker, start } = test;
  start();
  const loading = worker.prepareModel(MODEL);
  threads.newest().emit(READY);
  (await loading).commit();
  await clock.pass(RETIRE_MS - 1);
  assert.equal(threads.all[0]?.isTerminated, false);
  await clock.pass(1);
  assert.equal(threads.all[0]?.isTerminated, true);
  assert.equal(threads.newest().isTerminated, false);
});

Deno.test("detector worker: a model that does not load changes nothing", async () => {
  using test = rig();
  const { clock, threads, errors, worker, start } = test;
  start();
  const broken = assert.rejects(worker.prepareModel(MODEL), { code: "FAULT" });
  threads.newest().fail(FAULT);
  await broken;
  const slow = assert.rejects(worker.prepareModel(MODEL), { code: "MODEL_LOAD_TIMEOUT" });
  await clock.pass(LOAD_LIMIT_MS);
  await slow;
  assert.deepEqual(threads.all.map(({ isTerminated }) => isTerminated), [false, true, true]);
  assert.deepEqual([errors, worker.state, clock.waitsMs], [[], "ready", []]);
  worker.abandon();
  worker.start();
  assert.notEqual(threads.newest().of("start")[0]?.plan.model, MODEL.model);
});

Deno.test("detector worker: a model that is swapped in while it is parked is its thread", async () => {
  using test = rig();
  const { threads, worker, start } = test;
  start();
  worker.abandon();
  worker.park(FAULT);
  const loading = worker.prepareModel(MODEL);
  threads.newest().emit(READY);
  (await loading).commit();
  assert.deepEqual([worker.state, worker.error], ["ready", null]);
  worker.start();
  assert.equal(threads.all.length, 2, "the pending restart starts no other");
});

Deno.test("detector worker: a stop waits for the last frame; without one no end of results comes", async () => {
  using test = rig();
  const { threads, router, worker, start } = test;
  start();
  const stopping = worker.stop(NEVER);
  threads.newest().emit({ kind: "stopped" });
  assert.equal(await stopping, true);
  assert.deepEqual([worker.state, router.calls], ["stopped", ["open person-0"]]);

  using late = rig();
  late.start();
  assert.equal(await late.worker.stop(Promise.resolve()), false);
  assert.deepEqual(late.router.calls, ["open person-0", "abandon person-0"]);
});

Deno.test("detector pool: a model is swapped in once all workers have loaded it", async () => {
  using test = rig();
  const { threads, pool } = test;
  for (const worker of pool.workers) {
    worker.start();
    threads.newest().emit(READY);
  }
  const swapping = pool.setModel(MODEL);
  threads.newest("person-0").emit(READY);
  await settle();
  assert.deepEqual(threads.all.map((thread) => thread.of("confidence").length), [0, 0, 0, 0]);
  threads.newest("person-1").emit(READY);
  await swapping;
  assert.deepEqual(threads.all.map((thread) => thread.of("confidence").length), [0, 0, 1, 1]);
  const stops = threads.all.map(({ posted }) => posted.at(-1)?.kind === "stop");
  assert.deepEqual(stops, [true, true, false, false]);
});

Deno.test("detector pool: when one worker cannot load a model, all keep theirs", async () => {
  using test = rig();
  const { threads, pool } = test;
  for (const worker of pool.workers) {
    worker.start();
    threads.newest().emit(READY);
  }
  const swapping = assert.rejects(pool.setModel(MODEL), { code: "FAULT" });
  threads.newest("person-0").emit(READY);
  threads.newest("person-1").fail(FAULT);
  await swapping;
  assert.deepEqual(
    threads.all.map(({ isTerminated }) => isTerminated),
    [false, false, true, true],
  );
  assert.deepEqual(pool.workers.map(({ state }) => state), ["ready", "ready"]);
  pool.setConfidence(0.3);
  const confidences = threads.all.map((thread) => thread.of("confidence").length);
  assert.deepEqual(confidences, [1, 1, 0, 0]);
});
