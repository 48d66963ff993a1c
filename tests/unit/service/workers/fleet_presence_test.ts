/** What commands change of masks and presence, and which threads learn of it. */
import assert from "node:assert/strict";
import { FleetRig } from "../../../support/workers/fleet_rig.ts";

const POLYGON = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }];
const DOOR = { id: "door", polygon: POLYGON, classes: ["person"] };
const LINE = { id: "gate", from: { x: 0, y: 0.5 }, to: { x: 1, y: 0.5 } };

/** `person` has presence with pictures, and `car` none; `gate` has a zone, a line and a mask. */
const CONFIG = `
cameras:
  - id: gate
    url: "rtsp://192.0.2.1/s"
    masks: [[[0,0],[0.5,0],[0.5,1]]]
    zones: [{ id: path, polygon: [[0,0],[0.5,0],[0.5,1]] }]
    lines: [{ id: gate, from: [0,0.5], to: [1,0.5] }]
  - { id: yard, url: "rtsp://192.0.2.2/s" }
detectors:
  - { id: person, classes: [person], presence: { snapshot: crop } }
  - { id: car, classes: [car], cameras: [yard], presence: false }
`;
const PATH = { id: "path", polygon: POLYGON, classes: null };

Deno.test("fleet: a camera keeps frames for the detectors whose stays have pictures", () => {
  using rig = new FleetRig(CONFIG);
  const pictures = (detector: string) =>
    rig.fleet.cameras.get("yard")?.subscription(detector)?.pictures;
  assert.deepEqual([pictures("person"), pictures("car")], [true, false]);
});

Deno.test("fleet: new masks reach the camera's thread, and every later one", async () => {
  using rig = new FleetRig(CONFIG);
  await rig.start();
  const masks = () => rig.captures.newest("capture-gate").of("start").at(-1)?.source.masks;
  assert.deepEqual(masks(), [POLYGON]);
  rig.fleet.setMasks("gate", [[...POLYGON, { x: 0, y: 1 }], POLYGON]);
  const [posted] = rig.captures.newest("capture-gate").of("masks");
  assert.equal(posted?.masks.length, 2);
  assert.equal(rig.captures.newest("capture-yard").of("masks").length, 0);
  const gate = rig.fleet.cameras.get("gate");
  gate?.abandon();
  gate?.start();
  assert.equal(masks()?.length, 2);
});

Deno.test("fleet: new zones keep the lines, and new lines keep the zones", () => {
  using rig = new FleetRig(CONFIG);
  rig.fleet.setZones("gate", [DOOR]);
  rig.fleet.setLines("gate", []);
  rig.fleet.setZones("yard", [PATH]);
  rig.fleet.setZones("gate", []);
  assert.deepEqual(rig.changes, [
    { kind: "scene", scene: { camera: "gate", zones: [DOOR], lines: [LINE] } },
    { kind: "scene", scene: { camera: "gate", zones: [DOOR], lines: [] } },
    { kind: "scene", scene: { camera: "yard", zones: [PATH], lines: [] } },
    { kind: "scene", scene: { camera: "gate", zones: [], lines: [] } },
  ]);
});

Deno.test("fleet: a zone of a class that no detector with presence detects is refused", async () => {
  using rig = new FleetRig(CONFIG);
  const cars = { ...DOOR, classes: ["person", "car"] };
  for (const camera of ["gate", "yard"]) {
    assert.throws(() => rig.fleet.setZones(camera, [PATH, cars]), {
      code: "CONTROL_UNKNOWN_CLASS",
      message:
        `Cannot carry out the command: no detector with presence detects "car" on "${camera}"`,
      remedy: "Use one of: person.",
    });
  }
  assert.deepEqual(rig.changes, []);
  for (const selected of ["", "classes: [0], "]) {
    using anything = new FleetRig(CONFIG.replace("classes: [person], ", selected));
    anything.fleet.setZones("gate", [cars]);
    assert.equal(anything.changes.length, 1, "its model, which is not loaded, may have any class");
    await anything.start();
    const set = () => anything.fleet.setZones("gate", [cars]);
    assert.throws(set, { code: "CONTROL_UNKNOWN_CLASS", remedy: "Use one of: person." });
    anything.fleet.setZones("gate", [{ ...DOOR, classes: ["person"] }]);
    assert.equal(anything.changes.length, 2);
  }
});

Deno.test("fleet: a class of a configured zone that no model has is warned of, once", async () => {
  const zones = (classes: string) =>
    CONFIG.replace("classes: [person], ", "workers: 2, ")
      .replace("{ id: path, ", `{ id: path, classes: ${classes}, `);
  using rig = new FleetRig(zones("[persn, person]"));
  const warned = () =>
    rig.records.filter(({ event }) => event === "zone.class_unknown").map(({ fields }) => fields);
  assert.deepEqual(warned(), [], "no model is loaded");
  await rig.start();
  const remedy = 'Did you mean "person"?';
  assert.deepEqual(warned(), [{ camera: "gate", zone: "path", class: "persn", remedy }]);
  using right = new FleetRig(zones("[person]"));
  await right.start();
  assert.ok(!right.records.some(({ event }) => event === "zone.class_unknown"));
});

Deno.test("fleet: settings of presence change one by one; a detector without presence has none", () => {
  using rig = new FleetRig(CONFIG);
  const start = { frames: 1, of: 1 };
  const rest = { start: { frames: 2, of: 3 }, updateSeconds: 0, snapshot: "crop" } as const;
  assert.deepEqual(rig.fleet.setPresence("person", { endSeconds: 9 }), { ...rest, endSeconds: 9 });
  rig.fleet.setPresence("person", { start });
  assert.deepEqual(rig.changes, [
    { kind: "settings", detector: "person", settings: { ...rest, endSeconds: 9 } },
    { kind: "settings", detector: "person", settings: { ...rest, endSeconds: 9, start } },
  ]);
  assert.throws(() => rig.fleet.setPresence("car", { start }), { code: "CONTROL_NO_PRESENCE" });
  assert.equal(rig.changes.length, 2);
});

Deno.test("fleet: presence learns which pairs are paused, of the detectors that have it", () => {
  using rig = new FleetRig(CONFIG);
  const yard = (detector: string) => ({ camera: "yard", detector });
  rig.fleet.setPaused([yard("person"), yard("car")], true);
  rig.fleet.setPaused([yard("person")], false);
  assert.deepEqual(rig.changes, [
    { kind: "paused", ...yard("person"), paused: true },
    { kind: "paused", ...yard("person"), paused: false },
  ]);
});
