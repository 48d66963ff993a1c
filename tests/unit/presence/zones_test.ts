import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs } from "../../../src/core/clock.ts";
import type { BoxPx, PointNorm } from "../../../src/core/geometry.ts";
import { areaWithin } from "../../../src/presence/clipped_area.ts";
import { ZoneArea, ZoneMembership } from "../../../src/presence/zones.ts";
import { standing } from "../../support/presence/rig.ts";

const SIZE = { width: 1000, height: 500 };

function points(...corners: readonly (readonly [number, number])[]): readonly PointNorm[] {
  return corners.map(([x, y]) => ({ x, y }));
}

function zone(polygon: readonly PointNorm[], classes: readonly string[] | null = null): ZoneArea {
  return new ZoneArea({ id: "door", polygon, classes });
}

/** The right half, down to the bottom. */
const RIGHT_HALF = points([0.5, 0], [1, 0], [1, 1], [0.5, 1]);
/** A letter C that is open to the right. */
const CONCAVE = points(
  ...[[0.2, 0.2], [0.8, 0.2], [0.8, 0.4], [0.4, 0.4]] as const,
  ...[[0.4, 0.6], [0.8, 0.6], [0.8, 0.8], [0.2, 0.8]] as const,
);

Deno.test("zones: the overlap is the part of the box that is inside", () => {
  const box = (x: number, y: number, width: number, height: number): BoxPx => ({
    ...{ x, y, width, height },
  });
  const cases: readonly (readonly [string, readonly PointNorm[], BoxPx, number])[] = [
    ["all of it", RIGHT_HALF, box(600, 100, 100, 100), 1],
    ["none of it", RIGHT_HALF, box(100, 100, 100, 100), 0],
    ["it touches the edge", RIGHT_HALF, box(400, 100, 100, 100), 0],
    ["a quarter", RIGHT_HALF, box(425, 100, 100, 100), 0.25],
    ["beyond the picture", RIGHT_HALF, box(950, 400, 100, 200), 0.25],
    ["the notch of a concave zone", CONCAVE, box(450, 210, 300, 80), 0],
    ["both arms and the notch", CONCAVE, box(500, 100, 100, 300), 2 / 3],
    ["all of a concave zone", CONCAVE, box(0, 0, 1000, 500), 0.36 - 0.08],
    ["a triangle", points([0, 0], [1, 0], [0, 1]), box(0, 0, 1000, 500), 0.5],
    ["without area", RIGHT_HALF, box(600, 100, 0, 100), 0],
  ];
  for (const [name, polygon, seen, expected] of cases) {
    for (const turned of [polygon, polygon.toReversed()]) {
      const overlap = zone(turned).overlap(seen, SIZE);
      assert(Math.abs(overlap - expected) < 1e-9, `${name}: ${overlap}`);
    }
  }
});

/** A polygon around the middle whose corners are in order of their direction: simple, often concave. */
const star = fc.array(fc.double({ min: 0.05, max: 0.5, noNaN: true }), {
  minLength: 3,
  maxLength: 9,
}).map((radii) =>
  radii.map((radius, index): PointNorm => ({
    x: 0.5 + radius * Math.cos(2 * Math.PI * index / radii.length),
    y: 0.5 + radius * Math.sin(2 * Math.PI * index / radii.length),
  }))
);

Deno.test("zones: the area within rectangles that fill the picture adds up to that of the polygon", () => {
  const cut = fc.double({ min: 0.01, max: 0.99, noNaN: true });
  fc.assert(fc.property(star, cut, cut, (polygon, x, y) => {
    const parts = [
      { left: 0, right: x, top: 0, bottom: y },
      { left: x, right: 1, top: 0, bottom: y },
      { left: 0, right: x, top: y, bottom: 1 },
      { left: x, right: 1, top: y, bottom: 1 },
    ].map((edges) => areaWithin(polygon, edges));
    const whole = areaWithin(polygon, { left: 0, right: 1, top: 0, bottom: 1 });
    assert(Math.abs(parts.reduce((sum, part) => sum + part, 0) - whole) < 1e-9);
    assert(Math.abs(shoelace(polygon) - whole) < 1e-9);
  }));
});

Deno.test("zones: the overlap is the part of the box's points that are inside", () => {
  const coordinate = fc.double({ min: 0, max: 0.7, noNaN: true });
  fc.assert(
    fc.property(star, coordinate, coordinate, (polygon, x, y) => {
      const area = zone(polygon);
      const box = { x: 1000 * x, y: 500 * y, width: 300, height: 150 };
      const steps = 40;
      let inside = 0;
      for (let column = 0; column < steps; column++) {
        for (let row = 0; row < steps; row++) {
          const point = {
            x: box.x + (column + 0.5) * box.width / steps,
            y: box.y + (row + 0.5) * box.height / steps,
          };
          if (area.contains(point, SIZE)) inside++;
        }
      }
      assert(Math.abs(inside / steps ** 2 - area.overlap(box, SIZE)) < 0.04);
    }),
    { numRuns: 60 },
  );
});

function shoelace(polygon: readonly PointNorm[]): number {
  let sum = 0;
  for (const [index, { x, y }] of polygon.entries()) {
    const next = polygon[(index + 1) % polygon.length] ?? { x, y };
    sum += x * next.y - next.x * y;
  }
  return Math.abs(sum) / 2;
}

Deno.test("zones: what stands at the very edge of the picture is in a zone that reaches it", () => {
  const area = zone(RIGHT_HALF);
  for (const [x, y] of [[700, 500], [700, 510], [1000, 500], [1005, 250], [700, 0]] as const) {
    assert(area.contains({ x, y }, SIZE), `${x}, ${y}`);
  }
  assert(!area.contains({ x: 300, y: 500 }, SIZE));
});

/** A membership in one zone, and steps of an object that is 100 pixels high. */
function walk(areas: readonly ZoneArea[]) {
  const membership = new ZoneMembership();
  let atMs = 0;
  const step = (x: number, afterMs = 200) => {
    atMs += afterMs;
    const entered = membership.move(areas, {
      ...{ class: "person", box: standing(x, 300, 100), size: SIZE, atMs: steadyMs(atMs) },
    });
    return { entered, ids: membership.ids };
  };
  return { membership, step };
}

Deno.test("zones: an object enters by its bottom centre, and leaves by a tenth of its height", () => {
  const { step } = walk([zone(RIGHT_HALF)]);
  assert.deepEqual(step(499), { entered: null, ids: [] });
  assert.deepEqual(step(501), { entered: ["door"], ids: ["door"] });
  assert.deepEqual(step(491), { entered: null, ids: ["door"] }, "jitter");
  assert.deepEqual(step(501), { entered: null, ids: ["door"] });
  assert.deepEqual(step(489), { entered: [], ids: [] });
});

Deno.test("zones: an object that stays just outside has left after a second", () => {
  const { step } = walk([zone(RIGHT_HALF)]);
  step(501);
  step(495);
  assert.deepEqual(step(495, 999).ids, ["door"]);
  assert.deepEqual(step(501, 1).ids, ["door"], "inside again: it begins anew");
  step(495);
  assert.deepEqual(step(495, 1000), { entered: [], ids: [] });
});

Deno.test("zones: other classes do not enter, and zones that are gone are left", () => {
  const cars = new ZoneArea({ id: "cars", polygon: RIGHT_HALF, classes: ["car"] });
  const people = new ZoneArea({ id: "people", polygon: RIGHT_HALF, classes: ["person", "car"] });
  const { membership, step } = walk([cars, people]);
  assert.deepEqual(step(700), { entered: ["people"], ids: ["people"] });
  assert.equal(membership.retain([cars, people]), false);
  assert.equal(membership.retain([cars]), true);
  assert.deepEqual(membership.ids, []);
});
