/** Another configuration in a fleet whose threads the test plays. */
import assert from "node:assert/strict";
import type { FakeThread } from "../../../support/workers/fake_threads.ts";
import { FleetRig, LOAD_WAIT_MS } from "../../../support/workers/fleet_rig.ts";
import { captureReport, FAULT, inferred, READY } from "../../../support/workers/service_parts.ts";
import { settle } from "../../../support/clocks/held_clock.ts";

const GATE = '{ id: gate, url: "rtsp://192.0.2.1/s" }';
const YARD = '{ id: yard, url: "rtsp://192.0.2.2/s" }';
const SHED = '{ id: shed, url: "rtsp://192.0.2.2/s" }';
const PERSON = '{ id: person, model: "builtin:person", workers: 2, rateHz: 5 }';
const CAR = '{ id: car, model: "builtin:person", cameras: [yard] }';

function yaml(cameras: readonly string[], detectors: readonly string[]): string {
  return `cameras: [${cameras.join()}]\ndetectors: [${detectors.join()}]`;
}

async function started(text = yaml([GATE, YARD], [PERSON, CAR])): Promise<FleetRig> {
  const rig = new FleetRig(text);
  await rig.start();
  return rig;
}

/** What was posted to each thread since. */
function recorded(rig: FleetRig): () => Readonly<Record<string, readonly string[]>> {
  const threads: readonly FakeThread<{ kind: string }, never>[] = [
    ...rig.captures.all,
    ...rig.inferences.all,
  ];
  const before = threads.map(({ posted }) => posted.length);
  return () =>
    Object.fromEntries(
      threads.map((thread, at) =>
        [thread.name, thread.posted.slice(before[at]).map(({ kind }) => kind)] as const
      ).filter(([_, kinds]) => kinds.length > 0),
    );
}

/** Waits until a thread is to stop. */
async function stopping({ posted }: { readonly posted: readonly { kind: string }[] }) {
  while (posted.at(-1)?.kind !== "stop") await settle();
}

/** Applies a configuration whose models need not be loaded. */
async function apply(rig: FleetRig, text: string) {
  return (await rig.fleet.prepare(rig.next(text))).commit();
}

Deno.test("reload: what does not change gets no message, and keeps its threads", async () => {
  using rig = await started();
  const posted = recorded(rig);
  const count = rig.captures.all.length + rig.inferences.all.length;
  const { removed, removedPairs, finished } = await apply(
    rig,
    yaml([YARD, GATE, SHED], [PERSON, CAR]),
  );
  rig.router.replanned.resolve();
  await finished;
  assert.deepEqual([removed, removedPairs], [[], []]);
  assert.deepEqual(rig.fleet.cameraIds, ["yard", "gate", "shed"], "in the new order");
  assert.deepEqual(posted(), { "person-0": ["attach"], "person-1": ["attach"] });
  assert.equal(rig.captures.all.length + rig.inferences.all.length, count + 1);
  assert.deepEqual(rig.attached("shed"), ["person-0", "person-1"]);
  assert.equal(rig.router.detecting.get("shed"), true);
  assert.deepEqual(
    rig.router.plans.map(({ presence }) => presence.scenes.map(({ camera }) => camera)),
    [["yard", "gate", "shed"]],
  );
});

Deno.test("reload: a picture's settings and rates change without a new thread", async () => {
  using rig = await started();
  const posted = recorded(rig);
  rig.fleet.setRate([{ camera: "gate", detector: "person" }], 1);
  rig.fleet.setConfidence("car", 0.9);
  const scene = "masks: [[[0,0],[1,0],[1,1]]], stallTimeoutSeconds: 20";
  const { finished } = await apply(
    rig,
    yaml(
      [GATE.replace("}", `, ${scene} }`), YARD],
      [PERSON.replace("rateHz: 5", "confidence: 0.6"), CAR.replace("[yard]", "[gate]")],
    ),
  );
  rig.router.replanned.resolve();
  await finished;
  assert.deepEqual(posted(), {
    "capture-gate": [
      ...["subscribe", "subscribe", "subscribe", "attach", "masks", "stall-timeout"],
    ],
    "capture-yard": ["subscribe", "detach", "unsubscribe"],
    "person-0": ["confidence"],
    "person-1": ["confidence"],
    "car-0": ["confidence", "attach", "detach"],
  });
  const gate = rig.fleet.cameras.get("gate");
  assert.equal(gate?.subscription("person")?.rateHz, null, "the configuration's counts");
  assert.equal(rig.fleet.worker("car-0")?.plan.confidence, 0.9, "a command's stays");
  assert.deepEqual(rig.fleet.detectorCameras.get("car"), ["gate"]);
});

Deno.test("reload: a camera with another address is opened again, and its numbers continue", async () => {
  using rig = await started();
  const old = rig.captures.newest("capture-gate");
  rig.fleet.setMasks("gate", [[]]);
  rig.inferences.newest("person-0").emit(inferred(41));
  const { finished } = await apply(rig, yaml([GATE.replace("/s", "/t"), YARD], [PERSON, CAR]));
  rig.router.replanned.resolve();
  assert.deepEqual(old.posted.at(-1), { kind: "stop" }, "in order");
  old.emit({ kind: "stopped", report: captureReport(70) });
  await finished;
  const thread = rig.captures.newest("capture-gate");
  assert.notEqual(thread, old);
  const [start] = thread.of("start");
  assert.match(start?.source.url ?? "", /\/t$/);
  assert.equal(start?.source.firstSeq, 70);
  assert.deepEqual(start?.source.masks, [[]], "what a command has changed stays");
  assert.deepEqual(rig.attached("gate"), ["person-0", "person-1"]);
  assert.equal(rig.fleet.cameras.get("gate")?.restarts, 0);
});

Deno.test("reload: a camera that is parked gets its other settings with the next thread, which need not wait", async () => {
  using rig = await started();
  const gate = rig.fleet.cameras.get("gate");
  gate?.abandon();
  gate?.park(FAULT);
  const { retried } = await apply(rig, yaml([GATE.replace("/s", "/t"), YARD], [PERSON, CAR]));
  assert.deepEqual(retried, [gate]);
  gate?.start();
  const [start] = rig.captures.newest("capture-gate").of("start");
  assert.match(start?.source.url ?? "", /\/t$/);
});

Deno.test("reload: what is removed stops once its stays have ended, and is not replaced", async () => {
  using rig = await started();
  rig.inferences.newest("person-0").emit(inferred(41, { camera: "yard" }));
  const yard = rig.captures.newest("capture-yard");
  const car = rig.inferences.newest("car-0");
  const { removed, removedPairs, finished } = await apply(rig, yaml([GATE], [PERSON]));
  assert.deepEqual(removed.map(({ name }) => name), ["capture-yard", "car-0"]);
  assert.deepEqual(removedPairs, [
    { camera: "yard", detector: "person" },
    { camera: "yard", detector: "car" },
  ]);
  rig.fleet.picture({ kind: "picture", camera: "yard", stay: "A", release: true });
  assert.deepEqual(yard.posted.at(-1), { kind: "picture", stay: "A", release: true });
  rig.events.splice(0);
  rig.inferences.newest("person-0").emit(inferred(42, { camera: "yard" }));
  assert.deepEqual(rig.events, [], "its results are no figures any more");
  assert.equal(car.posted.some(({ kind }) => kind === "stop"), false, "not before");
  rig.router.replanned.resolve();
  await stopping(car);
  car.emit({ kind: "stopped" });
  await stopping(yard);
  yard.emit({ kind: "stopped", report: captureReport(90) });
  await finished;
  assert.ok(yard.isTerminated && car.isTerminated);
  assert.deepEqual(rig.events, [], "it reports no state");
  assert.deepEqual(rig.inferences.newest("person-0").of("detach"), [{
    kind: "detach",
    camera: "yard",
  }]);
  assert.deepEqual(rig.fleet.workers.map(({ name }) => name), ["person-0", "person-1"]);

  await apply(rig, yaml([GATE, YARD], [PERSON]));
  const [start] = rig.captures.newest("capture-yard").of("start");
  assert.equal(start?.source.firstSeq, 90, "should it come back, its numbers do not repeat");
});

Deno.test("reload: what hangs while it is removed delays no longer than the bound", async () => {
  using rig = await started();
  const { finished } = await apply(rig, yaml([GATE], [PERSON]));
  let isOver = false;
  void finished.then(() => isOver = true);
  await rig.clock.pass(4_999);
  assert.equal(isOver, false);
  await rig.clock.pass(1);
  await finished;
  assert.ok(rig.captures.newest("capture-yard").isTerminated);
  assert.deepEqual(rig.clock.waitsMs, [], "no timer is left");
});

Deno.test("reload: new models are loaded beside those in use, and then take their place", async () => {
  using rig = await started();
  const former = rig.inferences.newest("car-0");
  rig.fleet.setConfidence("car", 0.9);
  const text = yaml(
    [GATE, YARD],
    [
      PERSON.replace("workers: 2", "workers: 3"),
      CAR.replace("}", ", threads: 2 }"),
      '{ id: dog, model: "builtin:person" }',
    ],
  );
  const preparing = rig.fleet.prepare(rig.next(text));
  const loaded: string[] = [];
  while (loaded.length < 3) {
    await settle();
    const thread = rig.inferences.newest();
    if (loaded.includes(thread.name) || thread === former) continue;
    assert.equal(rig.fleet.workers.length, 3, "nothing has changed");
    loaded.push(thread.name);
    thread.emit(READY);
  }
  assert.deepEqual(loaded, ["person-2", "car-0", "dog-0"]);
  const { finished } = (await preparing).commit();
  rig.router.replanned.resolve();
  await finished;
  assert.deepEqual(
    rig.fleet.workers.map(({ name, state }) => `${name} ${state}`),
    ["person-0 ready", "person-1 ready", "person-2 ready", "car-0 ready", "dog-0 ready"],
  );
  assert.deepEqual(rig.attached("gate").slice(2), ["person-2", "dog-0"]);
  assert.equal(former.posted.at(-1)?.kind, "stop", "it finishes its last frame");
  const [start] = rig.inferences.newest("car-0").of("start");
  assert.deepEqual([start?.plan.threads, start?.plan.confidence], [2, 0.9]);
});

Deno.test("reload: a model that fails, or is not loaded in time, leaves everything as it is", async () => {
  for (const fail of [true, false]) {
    using rig = await started();
    const posted = recorded(rig);
    const text = yaml(
      [GATE],
      [
        CAR.replace("yard", "gate").replace("}", ", threads: 2 }"),
        '{ id: dog, model: "builtin:person" }',
      ],
    );
    const refused = assert.rejects(rig.fleet.prepare(rig.next(text)), {
      code: fail ? "FAULT" : "MODEL_LOAD_TIMEOUT",
    });
    rig.inferences.newest("car-0").emit(READY);
    while (rig.inferences.newest().name !== "dog-0") await settle();
    if (fail) rig.inferences.newest("dog-0").fail(FAULT);
    else await rig.clock.pass(LOAD_WAIT_MS);
    await refused;
    assert.deepEqual(posted(), {});
    assert.ok(rig.inferences.all.slice(-2).every(({ isTerminated }) => isTerminated));
    assert.deepEqual(rig.fleet.cameraIds, ["gate", "yard"]);
    assert.deepEqual(rig.failures, []);
    assert.deepEqual(rig.router.plans, []);
  }
});
