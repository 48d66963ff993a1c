import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import { CameraOccupancy, type Counted } from "../../../src/presence/occupancy.ts";

const person = (...zones: string[]): Counted => ({ class: "person", zones });
const car = (...zones: string[]): Counted => ({ class: "car", zones });

/** What has changed, as `zone: counts`. */
function changes(occupancy: CameraOccupancy, ...detectors: (readonly Counted[])[]) {
  return Object.fromEntries(
    occupancy.count(detectors, wallMs(2)).map(({ zone, counts }) => [zone, counts]),
  );
}

Deno.test("occupancy: counts by zone and class, and says only what has changed", () => {
  const occupancy = new CameraOccupancy("gate", ["door", "path"], wallMs(1));
  assert.deepEqual(occupancy.all.map(({ zone, occupied, counts }) => [zone, occupied, counts]), [
    ["all", false, {}],
    ["door", false, {}],
    ["path", false, {}],
  ]);
  assert.deepEqual(changes(occupancy, [person("door"), car()]), {
    all: { person: 1, car: 1 },
    door: { person: 1 },
  });
  assert.deepEqual(changes(occupancy, [person("door"), car()]), {});
  assert.deepEqual(changes(occupancy, [person(), car()]), { door: { person: 0 } });
  assert.deepEqual(changes(occupancy, [car()]), { all: { person: 0, car: 1 } });
});

Deno.test("occupancy: `occupied` keeps its time while only the counts change", () => {
  const occupancy = new CameraOccupancy("gate", [], wallMs(1));
  const at = (ms: number, ...stays: Counted[]) => occupancy.count([stays], wallMs(ms))[0];
  assert.deepEqual(at(5, person()), {
    ...{ camera: "gate", zone: "all", occupied: true, counts: { person: 1 }, sinceMs: wallMs(5) },
  });
  assert.equal(at(6, person(), person())?.sinceMs, wallMs(5));
  assert.deepEqual(at(7), {
    ...{ camera: "gate", zone: "all", occupied: false, counts: { person: 0 }, sinceMs: wallMs(7) },
  });
});

Deno.test("occupancy: of two detectors that find one class, the one that finds more counts", () => {
  const occupancy = new CameraOccupancy("gate", ["door"], wallMs(1));
  assert.deepEqual(changes(occupancy, [person("door"), person()], [person(), car()]), {
    all: { person: 2, car: 1 },
    door: { person: 1 },
  });
});

Deno.test("occupancy: a zone that is gone is reported empty once, a new one at once", () => {
  const occupancy = new CameraOccupancy("gate", ["door", "path"], wallMs(1));
  changes(occupancy, [person("door")]);
  assert.deepEqual(
    occupancy.setZones(["path", "yard"], wallMs(3)).map(({ zone, occupied, counts }) => [
      ...[zone, occupied, counts],
    ]),
    [["door", false, {}], ["yard", false, {}]],
  );
  assert.deepEqual(occupancy.all.map(({ zone }) => zone), ["all", "path", "yard"]);
});

Deno.test("occupancy: classes that are absent are remembered within a bound", () => {
  const occupancy = new CameraOccupancy("gate", [], wallMs(1));
  for (let index = 0; index < 1000; index++) {
    changes(occupancy, [{ class: `class ${index}`, zones: [] }]);
  }
  const [all] = occupancy.all;
  assert.equal(Object.keys(all?.counts ?? {}).length, 256);
  assert.equal(all?.counts["class 999"], 1);
  assert.equal(all?.counts["class 998"], 0);
});
