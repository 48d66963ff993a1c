/** What is drawn on the page: every change is one that the service accepts, and its YAML gives it back. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { parse } from "yaml";
import {
  MAX_LINES,
  MAX_MASKS,
  MAX_POLYGON_POINTS,
  MAX_ZONES,
} from "../../../src/core/scene_schema.ts";
import { id } from "../../../src/core/schema_parts.ts";
import { commandsFor } from "../../../src/dashboard/page/aim_commands.js";
import {
  addPoint,
  addShape,
  canAdd,
  canAddPoint,
  EMPTY,
  idProblem,
  type Kind,
  movePoint,
  moveShape,
  type Point,
  pointsOf,
  removePoint,
  removeShape,
  type Scene,
  withClasses,
  withId,
} from "../../../src/dashboard/page/aim_shapes.js";
import { cameraYaml, detectorYaml } from "../../../src/dashboard/page/yaml.js";

const KINDS: readonly Kind[] = ["zone", "line", "mask", "region"];

const fraction = fc.double({ min: 0, max: 1, noNaN: true });
const point = fc.tuple(fraction, fraction).map(([x, y]): Point => [x, y]);
const step = fc.record({
  what: fc.constantFrom("add", "move", "shift", "corner", "drop", "remove"),
  kind: fc.constantFrom(...KINDS),
  index: fc.nat(3),
  at: fc.nat(6),
  from: point,
  to: point,
});
type Step = ReturnType<typeof step.generate>["value"];

/** One thing that a person does. */
function after(scene: Scene, { what, kind, index, at, from, to }: Step): Scene {
  const own = { kind, index };
  if (what === "add") return addShape(scene, kind, from, to).scene;
  if (pointsOf(scene, own).length === 0) return scene;
  const corner = at % pointsOf(scene, own).length;
  if (what === "move") return movePoint(scene, own, corner, to);
  if (what === "shift") return moveShape(scene, own, [to[0] - from[0], to[1] - from[1]]);
  if (what === "corner") return addPoint(scene, own, corner);
  return what === "drop" ? removePoint(scene, own, corner) : removeShape(scene, own);
}

const written = z.object({
  roi: z.unknown().default(null),
  masks: z.array(z.unknown()).default([]),
  zones: z.array(z.unknown()).default([]),
  lines: z.array(z.unknown()).default([]),
});

Deno.test("aim: whatever is drawn stays inside the picture, and its YAML gives it back", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const scene = steps.reduce(after, EMPTY);
    for (const kind of KINDS) {
      for (let index = 0; pointsOf(scene, { kind, index }).length > 0 && index < 40; index++) {
        const points = pointsOf(scene, { kind, index });
        assert.ok(points.flat().every((value) => value >= 0 && value <= 1), `${kind} ${index}`);
        if (kind === "zone" || kind === "mask") assert.ok(points.length >= 3);
        if (kind === "region") break;
      }
    }
    const { roi } = scene;
    assert.ok(roi === null || (roi.width > 0 && roi.x + roi.width <= 1.001));
    const text = cameraYaml(scene);
    const zones = scene.zones.map(({ id, polygon }) => ({ id, polygon }));
    assert.deepEqual(
      written.parse(parse(`camera:\n${text === "" ? "    {}" : text}`).camera),
      { ...scene, zones },
    );
  }));
});

Deno.test("aim: the commands lead from one scene to another, and none is sent for what is the same", () => {
  const { scene } = addShape(EMPTY, "zone", [0.1, 0.2], [0.5, 0.6]);
  const corners = [[0.1, 0.2], [0.5, 0.2], [0.5, 0.6], [0.1, 0.6]];
  assert.deepEqual(commandsFor("gate", scene, scene), []);
  assert.deepEqual(commandsFor("gate", EMPTY, scene), [{
    command: "set_zones",
    params: { camera: "gate", zones: [{ id: "zone-1", polygon: corners }] },
  }]);
  const region = addShape(EMPTY, "region", [0, 0], [0.5, 0.5]).scene;
  assert.deepEqual(
    commandsFor("gate", EMPTY, region).concat(commandsFor("gate", region, EMPTY)),
    [
      {
        command: "set_roi",
        params: { camera: "gate", roi: { x: 0, y: 0, width: 0.5, height: 0.5 } },
      },
      { command: "clear_roi", params: { camera: "gate" } },
    ],
  );
});

Deno.test("aim: each new shape has a name of its own, and only names of the configuration are taken", () => {
  const one = addShape(EMPTY, "zone", [0, 0], [0.5, 0.5]).scene;
  const two = addShape(one, "zone", [0, 0], [0.5, 0.5]).scene;
  const other = addShape(removeShape(two, { kind: "zone", index: 0 }), "zone", [0, 0], [1, 1]);
  assert.deepEqual(other.scene.zones.map(({ id }) => id), ["zone-2", "zone-1"]);
  assert.equal(idProblem("door", two.zones), null);
  for (const id of ["", "Door", "a b", "all", "zone-2", "x".repeat(65)]) {
    assert.notEqual(idProblem(id, two.zones), null, id);
  }
});

Deno.test("aim: the bounds are those of the configuration", () => {
  const counts = KINDS.map((kind) => {
    let scene = EMPTY;
    let count = 0;
    for (; canAdd(scene, kind) && count < 100; count++) {
      scene = addShape(scene, kind, [0, 0], [0.5, 0.5]).scene;
    }
    return count;
  });
  assert.deepEqual(counts.slice(0, 3), [MAX_ZONES, MAX_LINES, MAX_MASKS]);
  const zone = { kind: "zone", index: 0 } as const;
  let { scene } = addShape(EMPTY, "zone", [0, 0], [0.5, 0.5]);
  while (canAddPoint(scene, zone)) scene = addPoint(scene, zone, 0);
  assert.equal(pointsOf(scene, zone).length, MAX_POLYGON_POINTS);
  for (const written of ["door", "a-1", "", "Door", "a b", "ä", "x".repeat(64), "x".repeat(65)]) {
    assert.equal(idProblem(written, []) === null, id.safeParse(written).success, written);
  }
});

Deno.test("aim: a name and classes are given to one zone or line alone", () => {
  const zones = addShape(addShape(EMPTY, "zone", [0, 0], [1, 1]).scene, "zone", [0, 0], [1, 1]);
  const { scene } = addShape(zones.scene, "line", [0, 0], [1, 1]);
  const named = withId(withId(scene, { kind: "zone", index: 1 }, "door"), {
    kind: "line",
    index: 0,
  }, "fence");
  assert.deepEqual(named.zones.map(({ id }) => id), ["zone-1", "door"]);
  assert.deepEqual(named.lines.map(({ id }) => id), ["fence"]);
  const { zones: [first, second] } = withClasses(named, 1, ["dog"]);
  assert.deepEqual([first?.classes, second?.classes], [null, ["dog"]]);
});

Deno.test("yaml: names that YAML would take for something else are quoted", () => {
  const zones = ["1", "on", "null", "door"].map((id) => ({
    id,
    polygon: [],
    classes: ["traffic light", "no"],
  }));
  const text = cameraYaml({ ...EMPTY, zones });
  assert.deepEqual(written.parse(parse(`camera:\n${text}`).camera).zones, zones);
});

Deno.test("yaml: a detector's lines have its rate only where it has one", () => {
  assert.equal(
    detectorYaml({ rateHz: 5, confidence: 0.4 }),
    "    rateHz: 5\n    confidence: 0.4\n",
  );
  assert.equal(detectorYaml({ rateHz: null, confidence: 0.4 }), "    confidence: 0.4\n");
});
