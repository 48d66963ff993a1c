/** Masks, zones, lines and presence by command, in the whole product. */
import assert from "node:assert/strict";
import type { InferenceMessage } from "../support/brokers/messages.ts";
import { Operator, overridesSchema } from "../support/product/operator.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { ignoreWithout } from "../support/system/parts.ts";

const ignore = ignoreWithout("libav", "mosquitto");
const CONFIG = `
cameras:
  - { id: gate, url: "demo:" }
  - { id: yard, url: "demo:" }
detectors:
  - { id: person, model: builtin:person-int8, rateHz: 5, classes: [person] }
  - { id: other, model: builtin:person-int8, rateHz: 1, cameras: [yard], presence: false }
`;
const EVERYTHING = [[0, 0], [1, 0], [1, 1], [0, 1]];
const CORNER = [[0, 0], [0.5, 0], [0.5, 0.5]];

const isEmpty = ({ detector, detections }: InferenceMessage) =>
  detector === "person" && detections.length === 0;

Deno.test({
  name: "control: masks, zones, lines and presence change, and are listed as they are written",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    const operator = new Operator(rig);
    const zones = [{ id: "door", polygon: CORNER, classes: ["person"] }, {
      id: "path",
      polygon: EVERYTHING,
    }];
    const lines = [{ id: "gate", from: [0, 0.5], to: [1, 0.5] }];
    const presence = { start: { frames: 1, of: 1 }, endSeconds: 9, updateSeconds: 0 };
    assert.equal(await operator.send("set_zones", { camera: "gate", zones }), "ok");
    assert.equal(await operator.send("set_lines", { camera: "gate", lines }), "ok");
    assert.equal(
      await operator.send("set_presence", { detector: "person", endSeconds: 9 }),
      "ok",
    );
    assert.equal(
      await operator.send("set_presence", { detector: "person", start: presence.start }),
      "ok",
    );
    assert.equal(await operator.send("set_masks", { camera: "gate", masks: [EVERYTHING] }), "ok");
    for (const { detections } of await operator.changed("gate", isEmpty)) {
      assert.deepEqual(detections, []);
    }

    const { data } = await operator.command("get_status");
    const overrides = overridesSchema.parse(assertReportCloses(data).overrides);
    assert.deepEqual(
      overrides.map(({ setting, camera, detector, value }) => [setting, camera, detector, value]),
      [
        ["zones", "gate", null, zones],
        ["lines", "gate", null, lines],
        ["presence", null, "person", presence],
        ["masks", "gate", null, [EVERYTHING]],
      ],
    );
    assert.equal(await rig.stop(), 0);
  },
});

Deno.test({
  name: "control: an impossible zone, line or setting of presence is refused and changes nothing",
  ignore,
  async fn() {
    await using rig = await Rig.start({ config: CONFIG });
    await rig.firstInference("gate");
    const operator = new Operator(rig);
    const camera = "gate";
    const refusals: readonly (readonly [command: string, params: unknown, code: string])[] = [
      ["set_zones", { camera, zones: [{ id: "all", polygon: CORNER }] }, "CONTROL_MALFORMED"],
      [
        "set_zones",
        { camera, zones: [{ id: "door", polygon: CORNER, classes: ["cat"] }] },
        "CONTROL_UNKNOWN_CLASS",
      ],
      ["set_zones", { camera: "shed", zones: [] }, "CONTROL_UNKNOWN_CAMERA"],
      [
        "set_lines",
        { camera, lines: [{ id: "a", from: [0, 0], to: [0, 0] }] },
        "CONTROL_MALFORMED",
      ],
      ["set_masks", { camera, masks: [[[0, 0], [1, 1]]] }, "CONTROL_MALFORMED"],
      ["set_presence", { detector: "person", snapshot: "crop" }, "CONTROL_MALFORMED"],
      ["set_presence", { detector: "other", endSeconds: 9 }, "CONTROL_NO_PRESENCE"],
    ];
    for (const [command, params, code] of refusals) {
      assert.equal(await operator.send(command, params), code, JSON.stringify(params));
    }
    const { data } = await operator.command("get_status");
    assert.deepEqual(assertReportCloses(data).overrides, []);
    assert.equal(await rig.stop(), 0);
  },
});
