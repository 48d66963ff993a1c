import assert from "node:assert/strict";
import type { CameraStatus } from "../../../../src/core/camera_types.ts";
import type { ErrorData } from "../../../../src/core/errors.ts";
import { boxNorm } from "../../../../src/core/geometry.ts";
import { logTo } from "../../../../src/core/log.ts";
import type { FromCapture, ToCapture } from "../../../../src/core/messages.ts";
import { CameraWorker } from "../../../../src/service/workers/camera_worker.ts";
import { REPORT_TIMEOUT_MS } from "../../../../src/service/workers/report_requests.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import { keep } from "../../../support/workers/presence_parts.ts";
import {
  captureReport,
  FAULT,
  LIBRARIES,
  settingsOf,
  STREAM,
} from "../../../support/workers/service_parts.ts";

const SUBSCRIPTION = { detector: "person", rateHz: 5, paused: false, pictures: false };
const NEVER = new Promise<never>(() => undefined);

function rig() {
  const clock = new HeldClock();
  const threads = new FakeThreads<ToCapture, FromCapture>();
  const statuses: CameraStatus[] = [];
  const failures: [CameraWorker, ErrorData][] = [];
  const pictures: string[] = [];
  let started = 0;
  const [settings] = settingsOf('cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }]').cameras;
  assert.ok(settings !== undefined);
  const worker = new CameraWorker({
    spawn: threads.spawn,
    settings,
    libraries: LIBRARIES,
    confinement: null,
    clock,
    log: logTo(() => undefined),
    onStarted: () => started++,
    onStatus: (_, status) => statuses.push(status),
    onFailed: (...failure) => failures.push(failure),
    pictures: {
      kept: (stay, seq) => pictures.push(`kept ${stay} ${seq}`),
      silence: (camera, age) => pictures.push(`silence ${camera} ${age?.ms}`),
      picture: ({ stay, seq, bytes }) => pictures.push(`${stay} ${seq} ${bytes?.byteLength}`),
    },
    onLive: (camera, { seq }) => pictures.push(`live ${camera} ${seq}`),
  });
  worker.subscribe(SUBSCRIPTION);
  /** Lets the newest thread answer the pending request for a report. */
  const report = async (answer: ReturnType<typeof captureReport>) => {
    const pending = worker.report();
    const request = threads.newest().of("report").at(-1)?.request ?? -1;
    threads.newest().emit({ kind: "report", request, report: answer });
    return await pending;
  };
  const online = (reconnects = 0) =>
    threads.newest().emit({
      kind: "state",
      state: "online",
      reason: null,
      sinceMs: clock.wallMs(),
      reconnects,
      error: null,
      info: STREAM,
    });
  const states = () => statuses.map(({ state, reason }) => [state, reason]);
  return {
    clock,
    threads,
    worker,
    statuses,
    failures,
    pictures,
    report,
    online,
    states,
    starts: () => started,
  };
}

Deno.test("camera worker: a thread gets its settings and all subscriptions", () => {
  const { threads, worker, starts } = rig();
  assert.equal(worker.running, false);
  worker.start();
  const [start, subscribe] = threads.newest().posted;
  assert.ok(start?.kind === "start" && start.source.firstSeq === 0);
  assert.deepEqual(subscribe, { kind: "subscribe", subscription: SUBSCRIPTION });
  assert.deepEqual([worker.running, worker.name, starts()], [true, "capture-gate", 1]);
});

Deno.test("camera worker: an error comes with the worker itself", () => {
  const { threads, worker, failures } = rig();
  worker.start();
  threads.newest().fail(FAULT);
  assert.deepEqual(failures, [[worker, FAULT]]);
  assert.equal(failures[0]?.[0], worker);
});

Deno.test("camera worker: a new thread continues the account and the sequence numbers", async () => {
  const { threads, worker, report, online, statuses, starts } = rig();
  worker.start();
  online(2);
  await report(captureReport(100, { reconnects: 2 }));
  worker.abandon();
  assert.equal(threads.newest().isTerminated, true);
  assert.deepEqual(
    [worker.running, worker.restarts, statuses.at(-1)?.reason],
    [false, 1, "RESTARTING"],
  );

  worker.start();
  assert.equal(threads.newest().of("start")[0]?.source.firstSeq, 100, "as many as were received");
  assert.equal(starts(), 2);
  online();
  assert.equal(statuses.at(-1)?.reconnects, 3, "a new thread is one more connection");
  const { account, reconnects } = await report(captureReport(10));
  assert.deepEqual([account.received, account.decoded, reconnects], [110, 110, 3]);
  const [mailbox] = account.detectors;
  assert.equal(mailbox?.dropped.restart, 1, "the frame that waited is lost with its thread");
  assert.deepEqual([mailbox?.processed, mailbox?.waiting], [99 + 9, 1]);

  worker.advanceSeq(299);
  worker.advanceSeq(250);
  worker.abandon();
  worker.start();
  assert.equal(threads.newest().of("start")[0]?.source.firstSeq, 300, "above the newest result");
});

Deno.test("camera worker: changes by command outlive the thread", () => {
  const { threads, worker } = rig();
  const roi = boxNorm({ x: 0, y: 0, width: 0.5, height: 1 });
  worker.start();
  const masks = [[{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }]];
  worker.setRoi(roi);
  worker.setMasks(masks);
  worker.subscribe({ ...SUBSCRIPTION, paused: true });
  assert.equal(threads.newest().of("roi").length, 1);
  assert.deepEqual(threads.newest().of("masks").map((message) => message.masks), [masks]);
  worker.abandon();
  worker.start();
  const thread = threads.newest();
  assert.deepEqual(thread.of("start")[0]?.source.roi, roi);
  assert.deepEqual(thread.of("start")[0]?.source.masks, masks);
  assert.deepEqual(thread.of("subscribe").map(({ subscription }) => subscription), [
    { ...SUBSCRIPTION, paused: true },
  ]);
});

Deno.test("camera worker: a thread that does not answer is silent until it does", async () => {
  const { clock, threads, worker, report } = rig();
  worker.start();
  const first = await report(captureReport(5));
  assert.deepEqual([first.account.received, worker.flow?.pictureAgoMs], [5, 40]);
  const unanswered = worker.report();
  await clock.pass(REPORT_TIMEOUT_MS);
  assert.equal((await unanswered).account.received, 5, "the last known report");
  const silentSinceMs = worker.silentSinceMs;
  assert.deepEqual([silentSinceMs !== null, worker.flow], [true, null]);
  const again = worker.report();
  await clock.pass(REPORT_TIMEOUT_MS);
  await again;
  assert.equal(worker.silentSinceMs, silentSinceMs, "silent since the first request");
  await report(captureReport(6));
  assert.deepEqual([worker.silentSinceMs, worker.flow?.pictureAgoMs], [null, 40]);
  assert.deepEqual(clock.waitsMs, []);
  assert.equal(threads.newest().of("report").length, 4);
});

Deno.test("camera worker: a request to a thread that was abandoned says nothing about the next", async () => {
  const { clock, worker } = rig();
  worker.start();
  const pending = worker.report();
  worker.abandon();
  worker.start();
  await clock.pass(REPORT_TIMEOUT_MS);
  await pending;
  assert.equal(worker.silentSinceMs, null);
});

Deno.test("camera worker: while parked it is offline with its error, until it is started", () => {
  const { worker, states } = rig();
  worker.start();
  worker.abandon();
  worker.park(FAULT);
  assert.deepEqual(worker.error, { ...FAULT, code: "CAMERA_PARKED" });
  assert.deepEqual(states(), [["offline", "RESTARTING"], ["offline", "CAMERA_PARKED"]]);
  worker.start();
  assert.equal(worker.error, null);
});

Deno.test("camera worker: pictures of stays come from its thread, and none is awaited without one", async () => {
  const { clock, threads, worker, pictures } = rig();
  worker.post({ kind: "keep", keep: keep("A", 7) });
  worker.picture("A", false);
  assert.deepEqual(pictures.splice(0), ["A null undefined"], "it has no thread yet");
  worker.start();
  const thread = threads.newest();
  worker.post({ kind: "keep", keep: keep("A", 7) });
  worker.picture("A", true);
  const asked = thread.posted.slice(-2);
  assert.deepEqual(asked, [
    { kind: "keep", keep: keep("A", 7) },
    { kind: "picture", stay: "A", release: true },
  ]);
  thread.emit({ kind: "silence", age: { ms: 1000, sentAt: clock.wallMs() } });
  thread.emit({ kind: "silence", age: null });
  assert.deepEqual(pictures.splice(0), ["silence gate 1000", "silence gate undefined"]);
  thread.emit({ kind: "kept", stay: "A", seq: 7 });
  thread.emit({ kind: "picture", picture: { stay: "A", seq: 7, bytes: new ArrayBuffer(3) } });
  assert.deepEqual(pictures.splice(0), ["kept A 7", "A 7 3"]);
  worker.picture("B", false);
  worker.abandon();
  assert.deepEqual(pictures.splice(0), ["B null undefined"], "its thread is replaced");
  worker.park(FAULT);
  worker.picture("C", false);
  assert.deepEqual(pictures.splice(0), ["C null undefined"], "it is parked");
  worker.start();
  worker.picture("D", false);
  const stopping = worker.stop(NEVER);
  threads.newest().emit({ kind: "stopped", report: captureReport(7) });
  await stopping;
  assert.deepEqual(pictures, ["D null undefined"], "it is stopped");
});

Deno.test("camera worker: missing frames are the reason while it is online, and no longer", async () => {
  const { clock, threads, worker, report, online, states } = rig();
  worker.start();
  online();
  worker.record.setMissingFrames("WAITING_FOR_KEYFRAME");
  assert.equal((await report(captureReport(1))).reason, "WAITING_FOR_KEYFRAME");
  threads.newest().emit({
    kind: "state",
    state: "stalled",
    reason: "STREAM_STALLED",
    sinceMs: clock.wallMs(),
    reconnects: 0,
    error: null,
    info: STREAM,
  });
  online();
  assert.deepEqual(states(), [
    ["online", null],
    ["online", "WAITING_FOR_KEYFRAME"],
    ["stalled", "STREAM_STALLED"],
    ["online", null],
  ]);
});

Deno.test("camera worker: a stop keeps the last report and ends offline", async () => {
  const { threads, worker, online, statuses } = rig();
  worker.start();
  online();
  const stopping = worker.stop(NEVER);
  threads.newest().emit({ kind: "stopped", report: captureReport(7) });
  assert.equal(await stopping, true);
  assert.deepEqual([statuses.at(-1)?.state, statuses.at(-1)?.reason], ["offline", "STOPPED"]);
  assert.equal((await worker.report()).account.received, 7);
  assert.equal(worker.running, false);
});

Deno.test("camera worker: a thread that misses the deadline is terminated", async () => {
  const { threads, worker } = rig();
  worker.start();
  assert.equal(await worker.stop(Promise.resolve()), false);
  assert.equal(threads.newest().isTerminated, true);
});

Deno.test("camera worker: without a thread the first report has the configured decode level", async () => {
  const { worker } = rig();
  const { state, decodeLevel, account } = await worker.report();
  assert.deepEqual([state, decodeLevel, account.received], ["connecting", "auto", 0]);
});
