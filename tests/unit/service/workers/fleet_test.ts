import assert from "node:assert/strict";
import { boxNorm } from "../../../../src/core/geometry.ts";
import { FleetRig, LOAD_WAIT_MS } from "../../../support/workers/fleet_rig.ts";
import { keep } from "../../../support/workers/presence_parts.ts";
import { FAULT, inferred, READY } from "../../../support/workers/service_parts.ts";

Deno.test("fleet: the start waits for all models", async () => {
  using rig = new FleetRig();
  let isOver = false;
  const loaded = rig.fleet.startDetectors().then(() => isOver = true);
  for (const thread of rig.inferences.all.slice(1)) thread.emit(READY);
  await rig.clock.pass(LOAD_WAIT_MS - 1);
  assert.equal(isOver, false);
  rig.inferences.all[0]?.emit(READY);
  await loaded;
  assert.deepEqual(rig.clock.waitsMs, []);
  assert.deepEqual(rig.inferences.all.map(({ name }) => name), ["person-0", "person-1", "car-0"]);
});

Deno.test("fleet: a model that loads for too long is reported, and connected once it is loaded", async () => {
  using rig = new FleetRig();
  const loaded = rig.fleet.startDetectors();
  for (const thread of rig.inferences.all.slice(1)) thread.emit(READY);
  await rig.clock.pass(LOAD_WAIT_MS);
  await loaded;
  const delayed = rig.records.filter(({ event }) => event === "detector.load_delayed");
  assert.deepEqual(delayed.map(({ fields }) => fields["worker"]), ["person-0"]);
  rig.fleet.startCameras();
  assert.deepEqual(rig.attached("yard"), ["person-1", "car-0"]);
  rig.inferences.newest("person-0").emit(READY);
  assert.deepEqual(rig.attached("yard"), ["person-1", "car-0", "person-0"]);
  rig.inferences.newest("person-0").fail(FAULT);
  assert.equal(rig.failures[0]?.[0], rig.fleet.worker("person-0"), "now it is to be replaced");
});

Deno.test("fleet: a model that cannot be loaded at the start ends the start", async () => {
  using rig = new FleetRig();
  const refused = assert.rejects(rig.fleet.startDetectors(), { code: "FAULT" });
  rig.inferences.newest("car-0").fail(FAULT);
  await refused;
  assert.deepEqual(rig.failures, [], "nothing is to be replaced");
});

Deno.test("fleet: a started camera is connected to its detectors' workers, and a new thread again", async () => {
  using rig = new FleetRig();
  await rig.start();
  assert.deepEqual(rig.attached("gate"), ["person-0", "person-1"]);
  assert.deepEqual(rig.attached("yard"), ["person-0", "person-1", "car-0"]);
  const { attach } = { attach: rig.inferences.newest("car-0").of("attach") };
  assert.deepEqual(attach.map(({ camera }) => camera), ["yard"]);
  const gate = rig.fleet.cameras.get("gate");
  rig.captures.newest("capture-gate").fail(FAULT);
  assert.equal(rig.failures[0]?.[0], gate, "the error has its camera");
  gate?.abandon();
  gate?.start();
  assert.equal(rig.captures.all.length, 3);
  assert.deepEqual(rig.attached("gate"), ["person-0", "person-1"]);
});

Deno.test("fleet: cameras are informed of an abandoned worker's last frame, and connected to the next", async () => {
  using rig = new FleetRig();
  await rig.start();
  rig.inferences.newest("person-0").emit(inferred(41));
  rig.inferences.newest("person-0").fail(FAULT);
  const [failure] = rig.failures;
  failure?.[0].abandon();
  const detach = (camera: string) =>
    rig.captures.newest(`capture-${camera}`).of("detach").map((
      { worker, lastSeq },
    ) => [worker, lastSeq]);
  assert.deepEqual(detach("gate"), [["person-0", 41]]);
  assert.deepEqual(detach("yard"), [["person-0", null]]);
  failure?.[0].start();
  assert.deepEqual(
    rig.attached("gate"),
    ["person-0", "person-1"],
    "not before its model is loaded",
  );
  rig.inferences.newest("person-0").emit(READY);
  assert.deepEqual(rig.attached("gate"), ["person-0", "person-1", "person-0"]);
});

Deno.test("fleet: a camera's numbers continue after what was inferred or published", async () => {
  using rig = new FleetRig();
  await rig.start();
  rig.inferences.newest("person-0").emit(inferred(41));
  rig.fleet.advanceSeq("gate", 43);
  const gate = rig.fleet.cameras.get("gate");
  gate?.abandon();
  gate?.start();
  const [start] = rig.captures.newest("capture-gate").of("start");
  assert.equal(start?.source.firstSeq, 44);
  assert.ok(rig.events.includes("person-0 41"));
});

Deno.test("fleet: a new publisher gets a port from every worker", async () => {
  using rig = new FleetRig();
  await rig.start();
  rig.router.calls.splice(0);
  rig.fleet.connectResults();
  assert.deepEqual(rig.router.calls, ["open person-0", "open person-1", "open car-0"]);
});

Deno.test("fleet: commands change the subscriptions of the pairs they name, and no other", async () => {
  using rig = new FleetRig();
  await rig.start();
  const subscriptions = (camera: string) =>
    rig.captures.newest(`capture-${camera}`).of("subscribe").slice(camera === "gate" ? 1 : 2)
      .map(({ subscription }) => subscription);
  rig.fleet.setPaused([{ camera: "yard", detector: "person" }], true);
  rig.fleet.setRate([{ camera: "yard", detector: "person" }], 2);
  assert.deepEqual(subscriptions("yard"), [
    { detector: "person", rateHz: 5, paused: true, pictures: false },
    { detector: "person", rateHz: 2, paused: true, pictures: false },
  ]);
  assert.deepEqual(subscriptions("gate"), []);
  rig.fleet.setConfidence("person", 0.7);
  const confidences = rig.inferences.all.map((thread) => thread.of("confidence").length);
  assert.deepEqual(confidences, [1, 1, 0]);
  rig.fleet.setRoi("gate", boxNorm({ x: 0, y: 0, width: 0.5, height: 1 }));
  assert.equal(rig.captures.newest("capture-gate").of("roi").length, 1);
  assert.deepEqual(rig.fleet.cameraIds, ["gate", "yard"]);
  assert.deepEqual(
    rig.fleet.detectorCameras,
    new Map([["person", ["gate", "yard"]], ["car", ["yard"]]]),
  );
});

Deno.test("fleet: a camera detects unless all its detectors are paused", () => {
  using rig = new FleetRig();
  const { detecting } = rig.router;
  assert.deepEqual(detecting, new Map([["gate", true], ["yard", true]]), "before anything starts");
  rig.fleet.setPaused([{ camera: "yard", detector: "person" }], true);
  assert.equal(detecting.get("yard"), true, "one of two");
  rig.fleet.setPaused([{ camera: "yard", detector: "car" }], true);
  assert.deepEqual(detecting, new Map([["gate", true], ["yard", false]]));
  rig.fleet.setPaused([{ camera: "yard", detector: "person" }], false);
  assert.equal(detecting.get("yard"), true);
  using without = new FleetRig(
    'cameras: [{ id: gate, url: "rtsp://192.0.2.1/s" }]\ndetectors: []',
  );
  assert.deepEqual(without.router.detecting, new Map([["gate", false]]), "without a detector");
});

Deno.test("fleet: pictures of stays go between the publisher and the stay's camera", async () => {
  using rig = new FleetRig();
  await rig.start();
  const { pictures } = rig.router;
  const request = (camera: string) =>
    rig.fleet.picture({ kind: "picture", camera, stay: "A", release: false });
  rig.fleet.keep(keep("A", 7));
  rig.fleet.keep({ ...keep("A", 8), camera: "shed" });
  request("gate");
  const thread = rig.captures.newest("capture-gate");
  assert.deepEqual(thread.of("keep"), [{ kind: "keep", keep: keep("A", 7) }]);
  thread.emit({ kind: "kept", stay: "A", seq: 7 });
  thread.emit({ kind: "picture", picture: { stay: "A", seq: 7, bytes: new ArrayBuffer(3) } });
  request("shed");
  assert.deepEqual(pictures, ["kept A 7", "picture A 7 3", "picture A null undefined"]);
});

Deno.test("fleet: what does not exist is named in the error", async () => {
  using rig = new FleetRig();
  await assert.rejects(rig.fleet.snapshot("shed"), {
    code: "CONTROL_UNKNOWN_CAMERA",
    remedy: "Name one of: gate, yard.",
  });
  assert.throws(() => rig.fleet.setConfidence("dog", 1), { code: "CONTROL_UNKNOWN_DETECTOR" });
});

Deno.test("fleet: a stop names what missed the deadline", async () => {
  using rig = new FleetRig();
  await rig.start();
  const deadline = Promise.withResolvers<void>();
  const stopping = rig.fleet.stopDetectors(deadline.promise);
  for (const thread of rig.inferences.all.slice(1)) thread.emit({ kind: "stopped" });
  await rig.clock.pass(0);
  deadline.resolve();
  assert.deepEqual(await stopping, ["person-0"]);
  assert.deepEqual(await rig.fleet.stopCameras(deadline.promise), ["gate", "yard"]);
  assert.ok([...rig.captures.all, ...rig.inferences.all].every((each) => each.isTerminated));
});
