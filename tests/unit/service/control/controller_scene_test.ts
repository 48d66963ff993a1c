/** Masks, zones, lines and presence by command. */
import assert from "node:assert/strict";
import { noPresence } from "../../../../src/service/control/refusals.ts";
import { controllerRig } from "./controller_rig.ts";

const POLYGON = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }];
const WRITTEN = [[0, 0], [0.5, 0], [0.5, 1]];
const ZONES = [
  { id: "door", polygon: POLYGON, classes: ["person"] },
  { id: "path", polygon: POLYGON, classes: null },
];
const LINES = [{ id: "gate", from: { x: 0, y: 0.5 }, to: { x: 1, y: 0.5 } }];

Deno.test("controller: masks, zones, lines and presence reach the target, and are listed as written", async () => {
  const { changes, code, controller, records } = controllerRig();
  const camera = "gate";
  assert.equal(await code({ command: "set_masks", camera, masks: [POLYGON] }), "ok");
  assert.equal(await code({ command: "set_zones", camera, zones: ZONES }), "ok");
  assert.equal(await code({ command: "set_lines", camera, lines: LINES }), "ok");
  const presence = { endSeconds: 9 };
  assert.equal(await code({ command: "set_presence", detector: "person", presence }), "ok");
  assert.deepEqual(changes(), [
    ["setMasks", "gate", [POLYGON]],
    ["setZones", "gate", ZONES],
    ["setLines", "gate", LINES],
    ["setPresence", "person", presence],
  ]);
  const list = controller.overrides().map((
    { setting, camera, detector, value },
  ) => [setting, camera, detector, value]);
  assert.deepEqual(list, [
    ["masks", "gate", null, [WRITTEN]],
    ["zones", "gate", null, [{ id: "door", polygon: WRITTEN, classes: ["person"] }, {
      id: "path",
      polygon: WRITTEN,
    }]],
    ["lines", "gate", null, [{ id: "gate", from: [0, 0.5], to: [1, 0.5] }]],
    ["presence", null, "person", {
      ...{ start: { frames: 2, of: 3 }, endSeconds: 9, updateSeconds: 0 },
    }],
  ]);
  const lengths = records.map(({ fields: { masks, zones, lines } }) => masks ?? zones ?? lines);
  assert.deepEqual(lengths, [1, 2, 1, undefined], "the log has no corners");
});

Deno.test("controller: zones of no camera, and presence of no detector or of one without, are refused", async () => {
  const { changes, code, controller } = controllerRig({
    setPresence: (detector) => {
      throw noPresence(detector);
    },
  });
  assert.equal(
    await code({ command: "set_zones", camera: "shed", zones: [] }),
    "CONTROL_UNKNOWN_CAMERA",
  );
  const presence = { endSeconds: 9 };
  assert.equal(
    await code({ command: "set_presence", detector: "dog", presence }),
    "CONTROL_UNKNOWN_DETECTOR",
  );
  assert.equal(
    await code({ command: "set_presence", detector: "car", presence }),
    "CONTROL_NO_PRESENCE",
  );
  assert.deepEqual([changes(), controller.overrides()], [[], []]);
});
