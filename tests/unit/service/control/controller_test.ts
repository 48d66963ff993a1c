import assert from "node:assert/strict";
import { OrionError } from "../../../../src/core/errors.ts";
import { boxNorm } from "../../../../src/core/geometry.ts";
import { COMMAND_TTL_MS } from "../../../../src/service/control/command_cache.ts";
import { MAX_IN_PROGRESS } from "../../../../src/service/control/controller.ts";
import { controllerRig } from "./controller_rig.ts";

const pause = (camera: string | null, detector: string | null) =>
  ({ command: "pause", camera, detector }) as const;

Deno.test("controller: commands apply to what they name, and null stands for all", async () => {
  const { changes, code } = controllerRig();
  const roi = boxNorm({ x: 0, y: 0, width: 0.5, height: 1 });
  assert.equal(await code(pause(null, null)), "ok");
  assert.equal(await code({ command: "resume", camera: "gate", detector: null }), "ok");
  assert.equal(
    await code({ command: "set_rate", detector: "person", rateHz: 2, camera: null }),
    "ok",
  );
  assert.equal(
    await code({ command: "set_confidence", detector: "car", confidence: 0.7 }),
    "ok",
  );
  assert.equal(await code({ command: "set_roi", camera: "gate", roi }), "ok");
  assert.equal(await code({ command: "clear_roi", camera: "gate" }), "ok");
  const gate = { camera: "gate", detector: "person" };
  const yard = { camera: "yard", detector: "person" };
  assert.deepEqual(changes(), [
    ["setPaused", [gate, yard, { camera: "yard", detector: "car" }], true],
    ["setPaused", [gate], false],
    ["setRate", [gate, yard], 2],
    ["setConfidence", "car", 0.7],
    ["setRoi", "gate", roi],
    ["setRoi", "gate", null],
  ]);
});

Deno.test("controller: a snapshot is one JPEG in base64, with boxes where the command says so", async () => {
  const { send } = controllerRig();
  for (
    const [boxes, jpeg] of [[false, "jpeg of gate"], [true, "jpeg of gate with boxes"]] as const
  ) {
    const { outcome } = await send({ command: "snapshot", camera: "gate", boxes });
    assert.deepEqual(outcome, { data: { jpeg: btoa(jpeg) } });
  }
});

Deno.test("controller: what does not exist is refused and changes nothing", async () => {
  const { changes, code, controller } = controllerRig();
  assert.equal(await code(pause("shed", null)), "CONTROL_UNKNOWN_CAMERA");
  assert.equal(await code(pause(null, "constructor")), "CONTROL_UNKNOWN_DETECTOR");
  assert.equal(await code(pause("gate", "car")), "CONTROL_NO_PAIR");
  assert.equal(
    await code({ command: "snapshot", camera: "shed", boxes: false }),
    "CONTROL_UNKNOWN_CAMERA",
  );
  assert.equal(
    await code({ command: "set_model", detector: "person", model: "/etc/passwd" }),
    "CONTROL_MODEL",
  );
  assert.deepEqual([changes(), controller.overrides()], [[], []]);
});

Deno.test("controller: the same id twice is executed once and answered twice, alike", async () => {
  const { changes, clock, send } = controllerRig();
  const first = await send(pause("gate", null), "x");
  await clock.pass(COMMAND_TTL_MS - 1);
  const again = await send(pause("gate", null), "x");
  assert.deepEqual(again, { ...first, request: again.request, replayed: true });
  assert.equal(first.replayed, false);
  assert.equal(changes().length, 1);
  await clock.pass(1);
  await send(pause("gate", null), "x");
  assert.equal(changes().length, 2, "after five minutes it is a new one");
});

Deno.test("controller: the same id with another command is refused and changes nothing", async () => {
  const { changes, send } = controllerRig();
  const rate = (rateHz: number) =>
    ({ command: "set_rate", detector: "person", rateHz, camera: null }) as const;
  await send(rate(2), "1");
  for (const other of [rate(7), pause(null, "person")]) {
    const { command, outcome, replayed } = await send(other, "1");
    assert.deepEqual([command, replayed], [other.command, false]);
    assert.ok("error" in outcome && outcome.error.code === "ID_REUSED");
  }
  assert.equal((await send(rate(2), "1")).replayed, true, "the first one keeps its id");
  assert.equal(changes().length, 1);
});

Deno.test("controller: without an id a command is executed each time", async () => {
  const { changes, send } = controllerRig();
  for (const camera of ["gate", "gate", "yard"]) {
    assert.equal((await send(pause(camera, null), null)).replayed, false);
  }
  assert.equal(changes().length, 3);
});

Deno.test("controller: a command that is not allowed is refused, with and without an id", async () => {
  const { changes, code, send } = controllerRig({}, ["pause"]);
  assert.equal(await code({ command: "shutdown" }), "CONTROL_NOT_ALLOWED");
  const { outcome } = await send({ command: "shutdown" }, null);
  assert.ok("error" in outcome && outcome.error.code === "CONTROL_NOT_ALLOWED");
  assert.equal(await code(pause("gate", null)), "ok");
  assert.equal(changes().length, 1);
  assert.equal(await controllerRig({}, []).code(pause("gate", null)), "CONTROL_NOT_ALLOWED");
});

Deno.test("controller: an answer holds no secret, whatever failed", async () => {
  const { send } = controllerRig({
    snapshot: () => Promise.reject(new Error("no way: of-a-camera, rtsp://u:pw@cam/of/it")),
  });
  const { outcome } = await send({ command: "snapshot", camera: "gate", boxes: false });
  assert.ok("error" in outcome);
  assert.equal(outcome.error.message, "Error: no way: [redacted], rtsp://cam");
});

Deno.test("controller: the same id while the first is in progress waits for its answer", async () => {
  const loading = Promise.withResolvers<void>();
  let loads = 0;
  const { send } = controllerRig({
    setModel: () => {
      loads += 1;
      return loading.promise;
    },
  });
  const command = { command: "set_model", detector: "person", model: "builtin:person" } as const;
  const both = Promise.all([send(command, "x"), send(command, "x")]);
  loading.resolve();
  assert.deepEqual((await both).map(({ outcome }) => outcome), [{ data: null }, { data: null }]);
  assert.equal(loads, 1);
});

Deno.test("controller: a detector loads one model at a time, and other commands do not wait", async () => {
  const loading = Promise.withResolvers<void>();
  const { code, controller } = controllerRig({ setModel: () => loading.promise });
  const model = (detector: string) =>
    code({ command: "set_model", detector, model: "builtin:person" });
  const first = model("person");
  assert.equal(await model("person"), "CONTROL_BUSY");
  assert.equal(await code(pause(null, null)), "ok");
  loading.reject(new Error("the model is broken"));
  assert.equal(await first, "INTERNAL");
  assert.ok(controller.overrides().every(({ setting }) => setting === "paused"));
});

Deno.test("controller: commands beyond the limit in progress are refused", async () => {
  const held = Promise.withResolvers<unknown>();
  const { code, send } = controllerRig({ status: () => held.promise });
  const waiting = Array.from({ length: MAX_IN_PROGRESS }, () => code({ command: "get_status" }));
  const refused = await send(pause("gate", null), "x");
  assert.ok("error" in refused.outcome && refused.outcome.error.code === "CONTROL_BUSY");
  held.resolve(1);
  assert.ok((await Promise.all(waiting)).every((each) => each === "ok"));
  const again = await send(pause("gate", null), "x");
  assert.deepEqual(again.outcome, { data: null }, "what was not tried may be sent again");
});

Deno.test("controller: what is in progress at the end is answered, and nothing more is carried out", async () => {
  const { code, controller, changes } = controllerRig({
    snapshot: () => new Promise<never>(() => undefined),
    setModel: () => Promise.reject(new Error("too late")),
  });
  const snapshot = code({ command: "snapshot", camera: "gate", boxes: false });
  const model = code({ command: "set_model", detector: "person", model: "builtin:person" });
  controller.close();
  assert.deepEqual(await Promise.all([snapshot, model]), Array(2).fill("CONTROL_STOPPING"));
  assert.equal(await code(pause("gate", null)), "CONTROL_STOPPING");
  assert.deepEqual(changes(), []);
});

Deno.test("controller: a shutdown is answered before it begins, once", async () => {
  const { done, send } = controllerRig();
  await send({ command: "shutdown" }, "x");
  await send({ command: "shutdown" }, "x");
  assert.deepEqual(done, ["answered", ["shutdown"], "answered"]);
});

Deno.test("controller: every changed setting is listed with its newest value", async () => {
  const { controller, send } = controllerRig();
  await send({ command: "set_rate", detector: "person", rateHz: 2, camera: "gate" });
  await send({ command: "set_rate", detector: "person", rateHz: 9, camera: null });
  await send({ command: "set_model", detector: "car", model: "builtin:person" });
  await send(pause("yard", null));
  await send({ command: "resume", camera: null, detector: "car" });
  const list = controller.overrides().map((
    { setting, camera, detector, value },
  ) => [setting, camera, detector, value]);
  assert.deepEqual(list, [
    ["rateHz", "gate", "person", 9],
    ["rateHz", "yard", "person", 9],
    ["model", null, "car", "builtin:person"],
    ["paused", "yard", "person", true],
  ]);
});

Deno.test("control: reload answers what has changed, or each problem; a model is not loaded meanwhile", async () => {
  const problems = [{ path: "cameras[0].url", message: "of-a-camera", remedy: "Mend it." }];
  const error = {
    code: "CONFIG",
    message: "1 problem",
    retryable: false,
    remedy: "Mend.",
    problems,
  };
  let isBroken = false;
  const { code, records, send } = controllerRig({
    reload: () =>
      isBroken ? Promise.reject(new OrionError(error)) : Promise.resolve({ cameras: {} }),
    exclude: () => Promise.reject(new OrionError({ ...error, code: "CONTROL_BUSY" })),
  });
  assert.deepEqual((await send({ command: "reload" })).outcome, { data: { cameras: {} } });
  isBroken = true;
  const { outcome } = await send({ command: "reload" });
  assert.deepEqual("error" in outcome ? outcome.error.problems : null, [
    { ...problems[0], message: "[redacted]" },
  ]);
  assert.equal("problems" in (records.at(-1)?.fields ?? {}), false, "they have lines of their own");
  const model = { command: "set_model", detector: "person", model: "builtin:person" } as const;
  assert.equal(await code(model), "CONTROL_BUSY");
});

Deno.test("control: what another configuration has changed is no change by command any more", async () => {
  const { controller, send } = controllerRig();
  await send({ command: "set_confidence", detector: "person", confidence: 0.5 });
  await send({ command: "clear_roi", camera: "gate" });
  controller.reloaded((override) => override.setting === "roi" ? { ...override, value: 7 } : null);
  assert.deepEqual(controller.overrides().map(({ setting, value }) => [setting, value]), [
    ["roi", 7],
  ]);
});
