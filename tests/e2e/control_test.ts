/** Commands to the whole product, through an independent broker. */
import assert from "node:assert/strict";
import { COMMAND_NAMES } from "../../src/core/commands.ts";
import type { InferenceMessage } from "../support/brokers/messages.ts";
import { CONTROL, gaps, Operator, overridesSchema } from "../support/product/operator.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { isOffline, Rig } from "../support/product/rig.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto");
const CONFIG = [
  'cameras: [{ id: gate, url: "demo:" }, { id: yard, url: "demo:" }]',
  "detectors: [{ id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }]",
].join("\n");
/** Frames a second of the bundled clip. */
const FPS = 25;

Deno.test({
  name:
    "control: rate, region, confidence, pause and model change under load, and the ledger closes",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    await rig.firstInference("yard");
    const operator = new Operator(rig);

    const slow = { detector: "person", rateHz: 1, camera: "gate" };
    assert.equal(await operator.send("set_rate", slow), "ok");
    // The first may have been in inference. A busy machine takes a frame late and the next one when it is
    // due: two gaps together are at most one period short.
    const [first = 0, second = 0] = gaps((await operator.next("gate", 4)).slice(1));
    assert.ok(first + second > FPS, `${first} and ${second} frames`);
    assert.equal(await operator.send("set_rate", { detector: "person", rateHz: 10 }), "ok");
    // How many are that close depends on the machine; at 1 Hz none are.
    await operator.follows("gate", FPS / 2);

    const roi = { x: 0.5, y: 0, width: 0.5, height: 1 };
    assert.equal(await operator.send("set_roi", { camera: "gate", roi }), "ok");
    for (const message of await operator.changed("gate", (message) => message.roi !== null)) {
      assert.deepEqual(message.roi, { x: 640, y: 0, width: 640, height: 720 });
    }
    assert.equal((await operator.next("yard", 1))[0]?.roi, null);
    assert.equal(await operator.send("clear_roi", { camera: "gate" }), "ok");
    for (const message of await operator.changed("gate", (message) => message.roi === null)) {
      assert.equal(message.roi, null);
    }

    assert.equal(
      await operator.send("set_confidence", { detector: "person", confidence: 1 }),
      "ok",
    );
    const isEmpty = ({ detections }: InferenceMessage) => detections.length === 0;
    for (const message of await operator.changed("yard", isEmpty)) {
      assert.deepEqual(message.detections, []);
    }
    await operator.send("set_confidence", { detector: "person", confidence: 0.4 });

    assert.equal(await operator.send("pause", { camera: "gate" }), "ok");
    await operator.paused("gate");
    // The worker may have had one frame of each camera; it infers one after the other.
    await operator.next("yard", 2);
    const since = rig.subscriber.messages.length;
    await operator.next("yard", 6);
    const paused = rig.subscriber.messages.slice(since).filter(({ topic }) =>
      topic.includes("/inferences/gate/")
    );
    assert.deepEqual(paused, []);
    assert.equal(await operator.send("resume", { camera: "gate" }), "ok");
    await operator.next("gate", 1);

    const model = { detector: "person", model: "builtin:person" };
    assert.equal(await operator.send("set_model", model), "ok");
    await operator.next("gate", 3);

    const { data } = await operator.command("get_status");
    const report = assertReportCloses(data);
    assert.ok(report.workers.every(({ restarts }) => restarts === 0));
    assert.ok(report.cameras.every(({ reconnects }) => reconnects === 0));
    const overrides = overridesSchema.parse(report.overrides).map(({ setting, camera, value }) =>
      `${setting} ${camera} ${JSON.stringify(value)}`
    );
    assert.deepEqual(overrides.sort(), [
      "confidence null 0.4",
      'model null "builtin:person"',
      "rateHz gate 10",
      "rateHz yard 10",
      "roi gate null",
    ]);
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "control: an impossible command is refused with one acknowledgement and changes nothing",
  ignore,
  async fn() {
    const allow = COMMAND_NAMES.filter((name) => name !== "shutdown");
    await using rig = await Rig.start({ config: `${CONFIG}\ncontrol: { allow: [${allow}] }` });
    await rig.firstInference("gate");
    const operator = new Operator(rig);
    const refusals: readonly (readonly [command: string, params: unknown, code: string])[] = [
      ["pause", { camera: "shed" }, "CONTROL_UNKNOWN_CAMERA"],
      ["set_rate", { detector: "other", rateHz: 5 }, "CONTROL_UNKNOWN_DETECTOR"],
      ["set_rate", { detector: "person", rateHz: 1000 }, "CONTROL_MALFORMED"],
      ["set_rate", { detector: "person", rateHz: "5" }, "CONTROL_MALFORMED"],
      [
        "set_roi",
        { camera: "gate", roi: { x: 0, y: 0, width: 2, height: 1 } },
        "CONTROL_MALFORMED",
      ],
      ["set_model", { detector: "person", model: "/etc/passwd" }, "CONTROL_MODEL"],
      ["set_model", { detector: "person", model: "../../../etc/x.onnx" }, "CONTROL_MODEL"],
      ["set_model", { detector: "person", model: "missing.onnx" }, "CONTROL_MODEL"],
      ["set_model", { detector: "person", model: "builtin:other" }, "CONTROL_MODEL"],
      ["format_disk", {}, "CONTROL_UNKNOWN_COMMAND"],
      ["shutdown", undefined, "CONTROL_NOT_ALLOWED"],
    ];
    for (const [command, params, code] of refusals) {
      assert.equal(await operator.send(command, params), code, JSON.stringify(params));
    }
    const nonsense = await operator.publish('{"id":"x","id":"y"}', "y");
    assert.equal(nonsense.error?.code, "CONTROL_MALFORMED");
    const open = await operator.publish("[".repeat(100_000), null);
    assert.equal(open.error?.code, "CONTROL_NOT_JSON");

    const { data } = await operator.command("get_status");
    assert.deepEqual(assertReportCloses(data).overrides, []);
    const acks = rig.subscriber.messages.filter(({ topic }) => topic === `${CONTROL}/ack`);
    assert.equal(acks.length, refusals.length + 3, "one acknowledgement each");
    await operator.next("gate", 2);
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name:
    "control: a snapshot is answered, an id is carried out once, and a shutdown is answered first",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    const operator = new Operator(rig);
    const { data } = await operator.command("snapshot", { camera: "gate" });
    assert.ok(typeof data === "object" && data !== null && "jpeg" in data);
    const jpeg = Uint8Array.from(atob(String(data.jpeg)), (character) => character.charCodeAt(0));
    assert.deepEqual([...jpeg.slice(0, 3), ...jpeg.slice(-2)], [0xff, 0xd8, 0xff, 0xff, 0xd9]);

    const schema = "orion.command/1";
    const rate = (rateHz: number, id?: string) => {
      const params = { camera: "gate", detector: "person", rateHz };
      const text = JSON.stringify({ schema, id, command: "set_rate", params });
      return operator.publish(text, id ?? null);
    };
    const rateInEffect = async () => {
      const { data } = await operator.command("get_status");
      return overridesSchema.parse(assertReportCloses(data).overrides)
        .map(({ setting, value }) => [setting, value]);
    };
    for (const rateHz of [2, 7, 2]) {
      const { replayed, status } = await rate(rateHz);
      assert.deepEqual([status, replayed], ["ok", undefined]);
      assert.deepEqual(await rateInEffect(), [["rateHz", rateHz]]);
    }
    assert.deepEqual((await rate(9, "once")).status, "ok");
    assert.equal((await rate(4, "once")).error?.code, "ID_REUSED");
    assert.equal((await rate(3)).status, "ok");
    const again = '{"params":{"rateHz":9.0, "detector":"person","camera":"gate"}, ' +
      `"command":"set_rate","id":"once","schema":"${schema}"}`;
    const { replayed, status } = await operator.publish(again, "once");
    assert.deepEqual([status, replayed], ["ok", true]);
    assert.deepEqual(await rateInEffect(), [["rateHz", 3]], "it was carried out once");

    assert.equal(await operator.send("shutdown"), "ok");
    assert.equal((await rig.orion.exit()).code, 0);
    await rig.offline();
    await using later = await rig.broker.subscribe("orion/test/status");
    const retained = await later.waitFor(({ retained }) => retained);
    assert.equal(retained.json?.["state"], "offline");
    const { messages } = rig.subscriber;
    const at = messages.findLastIndex(({ topic }) => topic === `${CONTROL}/ack`);
    assert.ok(at < messages.findIndex(isOffline), "the acknowledgement came first");
  },
});
