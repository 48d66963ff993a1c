import assert from "node:assert/strict";
import type { CameraStatus } from "../../../../src/core/camera_types.ts";
import type { FromPublisher, ToPublisher } from "../../../../src/core/messages.ts";
import type { PresenceChange, Zone } from "../../../../src/core/presence_types.ts";
import { PublisherWorker } from "../../../../src/service/workers/publisher_worker.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { FakeThreads } from "../../../support/workers/fake_threads.ts";
import { publisherPlan } from "../../../support/workers/publisher_worker.ts";
import {
  ended,
  keep,
  occupancy,
  SETTINGS,
  started,
  stay,
  ZONE,
} from "../../../support/workers/presence_parts.ts";
import { FAULT } from "../../../support/workers/service_parts.ts";

function rig() {
  const clock = new HeldClock();
  const threads = new FakeThreads<ToPublisher, FromPublisher>();
  const events: unknown[] = [];
  const record = (event: unknown) => events.push(event);
  /** What each thread had been posted when results could be routed to it. */
  const before: string[][] = [];
  const worker = new PublisherWorker({
    spawn: threads.spawn,
    plan: publisherPlan("mqtt://127.0.0.1:1883"),
    clock,
    onStarted: () => {
      events.push("started");
      before.push(threads.newest().posted.map(({ kind }) => kind));
    },
    ...{ onCommand: record, onEmitted: record, onProduced: record },
    ...{ onPresence: record, onKeep: record, onPicture: record, onCopied: () => undefined },
    onFailed: (failed, error) => events.push([failed === worker, error]),
  });
  const status = (camera: string, state: CameraStatus["state"]): CameraStatus => ({
    ...{ camera, state, sinceMs: clock.wallMs() },
    ...{ reason: null, reconnects: 0 },
  });
  return { clock, threads, events, before, worker, status };
}

Deno.test("publisher worker: a new thread gets the newest status of every camera", async () => {
  const { threads, events, worker, status, clock } = rig();
  worker.publishCamera(status("gate", "connecting"));
  worker.start();
  for (const id of ["gate", "yard"]) worker.silence(id, { ms: 1000, sentAt: clock.wallMs() });
  await clock.pass(500);
  worker.silence("yard", null);
  worker.publishCamera(status("gate", "online"));
  worker.publishCamera(status("yard", "stalled"));
  worker.abandon();
  worker.publishCamera(status("yard", "offline"));
  worker.start();
  const [first, second] = threads.all.map((thread) =>
    thread.of("camera").map(({ status: { camera, state } }) => `${camera} ${state}`)
  );
  assert.deepEqual(first, ["gate connecting", "gate online", "yard stalled"]);
  assert.deepEqual(second, ["gate online", "yard offline"]);
  assert.deepEqual(threads.newest().of("silence").map(({ age }) => age?.ms), [1500], "by now");
  assert.deepEqual(events, ["started", "started"], "results are routed to each thread");
});

Deno.test("publisher worker: a new thread gets the newest change of each setting of presence", () => {
  const { threads, worker } = rig();
  const scene = (camera: string, zones: number) => ({
    kind: "scene",
    scene: {
      camera,
      zones: Array.from({ length: zones }, (_, index) => ({
        ...{ id: `z${index}`, polygon: [], classes: null },
      })),
      lines: [],
    },
  } as const);
  const paused = (camera: string, paused: boolean) =>
    ({ kind: "paused", camera, detector: "person", paused }) as const;
  const settings = {
    ...{ start: { frames: 1, of: 1 }, endSeconds: 9, updateSeconds: 0, snapshot: "none" } as const,
  };
  const ofPerson = { kind: "settings", detector: "person", settings } as const;
  const changes = [
    ...[scene("gate", 1), scene("yard", 1), ofPerson, scene("gate", 2)],
    ...[paused("gate", true), paused("yard", true), paused("gate", false)],
  ];
  worker.changePresence(scene("gate", 7));
  worker.start();
  for (const change of changes) worker.changePresence(change);
  worker.abandon();
  worker.start();
  const [first, second] = threads.all.map((thread) =>
    thread.of("presence").map(({ change }) => change)
  );
  assert.deepEqual(first, [scene("gate", 7), ...changes]);
  assert.deepEqual(second, [
    ...[scene("gate", 2), scene("yard", 1), ofPerson],
    ...[paused("gate", false), paused("yard", true)],
  ]);
  assert.deepEqual(threads.newest().posted[0]?.kind, "start", "they follow the plan");
});

Deno.test("publisher worker: results have a port while there is a thread", () => {
  const { threads, worker } = rig();
  using _ports = threads;
  assert.equal(worker.openResults("person-0"), null);
  worker.start();
  const port = worker.openResults("person-0");
  assert.ok(port !== null);
  worker.abandonResults("person-0");
  const kinds = threads.newest().posted.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["start", "results", "results-abandoned"]);
  worker.abandon();
  assert.equal(worker.openResults("person-0"), null);
  port.close();
});

Deno.test("publisher worker: an abandoned thread is a broker connection that is lost now", async () => {
  const { clock, threads, worker } = rig();
  worker.start();
  const connected = {
    connected: true,
    sinceMs: clock.wallMs(),
    error: null,
    protocol: 5,
    reconnects: 2,
    problem: null,
  } as const;
  threads.newest().emit({ kind: "broker", state: connected });
  assert.deepEqual(worker.broker, connected);
  await clock.pass(1000);
  worker.abandon();
  assert.deepEqual(worker.broker, { ...connected, connected: false, sinceMs: clock.wallMs() });
});

Deno.test("publisher worker: a new thread continues the presence of the one before, before results reach it", () => {
  const { threads, events, before, worker, status } = rig();
  worker.setDetecting("gate", true);
  worker.publishCamera(status("gate", "online"));
  worker.start();
  const first = threads.newest();
  first.emit({ kind: "presence", number: 1, event: started("A") });
  first.emit({ kind: "presence", number: 2, event: started("B") });
  first.emit({ kind: "presence", number: 3, event: ended("B") });
  first.emit({ kind: "presence-settled", number: 1 });
  assert.deepEqual(events, ["started", started("A"), started("B"), ended("B")]);
  worker.abandon();
  first.emit({ kind: "presence", number: 4, event: ended("A") });
  worker.start();
  const [start, resume] = threads.newest().posted;
  assert.equal(start?.kind, "start");
  assert.deepEqual(resume, {
    kind: "resume",
    resume: {
      stays: [stay("A")],
      unpublished: [{ number: 2, event: started("B") }, { number: 3, event: ended("B") }],
      lastNumber: 3,
    },
  });
  assert.deepEqual(before, [
    ["start", "detect", "camera"],
    ["start", "resume", "detect", "camera"],
  ]);
});

Deno.test("publisher worker: settings of presence are in force for all later threads, the newest of each", () => {
  const { threads, worker } = rig();
  const scene = (camera: string, zones: readonly Zone[]): PresenceChange => ({
    ...{ kind: "scene", scene: { camera, zones, lines: [] } },
  });
  const settings: PresenceChange = { kind: "settings", detector: "person", settings: SETTINGS };
  const pause = (paused: boolean): PresenceChange => ({
    ...{ kind: "paused", camera: "gate", detector: "person", paused },
  });
  worker.changePresence(scene("gate", [ZONE]));
  worker.start();
  worker.changePresence(scene("yard", [ZONE]));
  worker.changePresence(pause(true));
  worker.changePresence(settings);
  worker.changePresence(pause(false));
  worker.changePresence(scene("gate", []));
  const changes = () => threads.newest().of("presence").map(({ change }) => change);
  assert.deepEqual(changes(), [
    ...[scene("gate", [ZONE]), scene("yard", [ZONE]), pause(true), settings, pause(false)],
    scene("gate", []),
  ]);
  worker.abandon();
  worker.start();
  assert.deepEqual(changes(), [scene("gate", []), scene("yard", [ZONE]), pause(false), settings]);
  assert.deepEqual(worker.presence.scene("yard").zones, [ZONE]);
  assert.deepEqual(worker.presence.scene("shed").zones, []);
  assert.deepEqual(worker.presence.settings("person"), SETTINGS);
  assert.equal(worker.presence.settings("car"), null);
});

Deno.test("publisher worker: other zones forget the occupancy of the earlier ones", () => {
  const { threads, worker } = rig();
  worker.start();
  threads.newest().emit({
    ...{ kind: "presence", number: 1 },
    event: { kind: "occupancy", occupancy: occupancy("door", 1) },
  });
  assert.equal(worker.journal.occupancy("gate", [ZONE]).length, 1);
  worker.changePresence({ kind: "scene", scene: { camera: "gate", zones: [], lines: [] } });
  assert.equal(worker.journal.occupancy("gate", [ZONE]).length, 0);
});

Deno.test("publisher worker: a camera's switch is reported when it changes, and to each new thread", () => {
  const { threads, worker } = rig();
  const switches = () => threads.newest().of("detect").map(({ camera, on }) => `${camera} ${on}`);
  worker.setDetecting("gate", true);
  worker.setDetecting("yard", true);
  worker.start();
  worker.setDetecting("gate", true);
  worker.setDetecting("gate", false);
  assert.deepEqual(switches(), ["gate true", "yard true", "gate false"]);
  worker.abandon();
  worker.start();
  assert.deepEqual(switches(), ["gate false", "yard true"]);
});

Deno.test("publisher worker: a picture is kept for people before its bytes go to the thread", () => {
  const { threads, events, worker } = rig();
  worker.picture({ stay: "A", seq: 7, bytes: new ArrayBuffer(3) });
  worker.start();
  events.splice(0);
  const thread = threads.newest();
  thread.emit({ kind: "presence", number: 1, event: started("A") });
  thread.emit({ kind: "keep", keep: keep("A", 7) });
  const request = { kind: "picture", camera: "gate", stay: "A", release: false } as const;
  thread.emit(request);
  assert.deepEqual(events, [started("A"), keep("A", 7), request]);
  worker.kept("A", 7);
  const picture = { stay: "A", seq: 7, bytes: new ArrayBuffer(3) };
  worker.picture(picture);
  assert.deepEqual(thread.posted.slice(-2), [
    { kind: "kept", stay: "A", seq: 7 },
    { kind: "picture", picture },
  ]);
  assert.notEqual(worker.journal.picture("A"), picture.bytes);
  assert.equal(worker.journal.picture("A")?.byteLength, 3);
  worker.picture({ stay: "A", seq: null, bytes: null });
  assert.equal(thread.transferred.length, 1);
  assert.equal(thread.transferred[0], picture.bytes);
});

Deno.test("publisher worker: messages and errors reach the service", () => {
  const { threads, events, worker } = rig();
  worker.start();
  events.splice(0);
  const thread = threads.newest();
  const request = { request: 1, id: null, command: { command: "get_status" } } as const;
  const emitted = {
    ...{ kind: "emitted", camera: "gate", detector: "person", worker: "person-0" } as const,
    ...{ seq: 4, totalMs: 30 },
  };
  thread.emit({ kind: "command", request });
  thread.emit(emitted);
  thread.emit({
    kind: "produced",
    topicKind: "inference",
    frame: { camera: "gate", seq: 4 },
  });
  thread.fail(FAULT);
  assert.deepEqual(events, [
    request,
    emitted,
    { camera: "gate", seq: 4 },
    [true, FAULT],
  ]);
  assert.equal(worker.park, null, "the service cannot run without it");
});

Deno.test("publisher worker: produced = published + discarded + waiting, over all threads", () => {
  const { threads, worker } = rig();
  worker.start();
  const inference = (seq: number) =>
    ({ kind: "produced", topicKind: "inference", frame: { camera: "gate", seq } }) as const;
  const who = { camera: "gate", detector: "person", worker: "person-0" };
  const emitted = (seq: number) => ({ kind: "emitted", ...who, seq, totalMs: 30 }) as const;
  const thread = threads.newest();
  for (const seq of [1, 2, 3, 4]) thread.emit(inference(seq));
  thread.emit(emitted(1));
  thread.emit({ kind: "discarded", topicKind: "inference", reason: "superseded" });
  thread.emit({ kind: "produced", topicKind: "health", frame: null });
  thread.emit({ kind: "published", topicKind: "health" });
  assert.deepEqual(worker.messages, {
    inference: { produced: 4, published: 1, discarded: { superseded: 1 }, waiting: 2 },
    health: { produced: 1, published: 1, discarded: {}, waiting: 0 },
  });
  worker.abandon();
  worker.start();
  threads.newest().emit(inference(5));
  assert.deepEqual(worker.messages.inference, {
    ...{ produced: 5, published: 1, discarded: { superseded: 1, restart: 2 }, waiting: 1 },
  });
});
