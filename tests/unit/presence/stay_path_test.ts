/** Where an object was. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_PATH_POINTS, StayPath } from "../../../src/presence/stay_path.ts";

const SIZE = { width: 1000, height: 500 };

/** The distance of a point from a path, as the greater of both directions. */
function distance(path: readonly number[], x: number, y: number): number {
  let least = Infinity;
  for (let at = 0; at < path.length; at += 2) {
    least = Math.min(
      least,
      Math.max(Math.abs((path[at] ?? 0) - x), Math.abs((path[at + 1] ?? 0) - y)),
    );
  }
  return least;
}

Deno.test("stay path: it begins with the first point, ends with the newest, and leaves small steps out", () => {
  const path = new StayPath();
  assert.deepEqual(path.points, []);
  for (const x of [100, 105, 109, 111, 400, 402]) path.add({ x, y: 250 }, SIZE);
  assert.deepEqual(path.points, [0.1, 0.5, 0.111, 0.5, 0.4, 0.5, 0.402, 0.5]);
});

Deno.test("stay path: a picture of another size, and a point outside of it, have fractions as well", () => {
  const path = new StayPath();
  path.add({ x: 500, y: 250 }, SIZE);
  path.add({ x: 1000, y: 500 }, { width: 2000, height: 1000 });
  path.add({ x: -20, y: 600 }, SIZE);
  assert.deepEqual(path.points, [0.5, 0.5, 0, 1]);
});

Deno.test("stay path: a stay that is continued has the path from before", () => {
  const path = new StayPath([0.1, 0.2, 0.3, 0.2]);
  assert.deepEqual(path.points, [0.1, 0.2, 0.3, 0.2]);
  path.add({ x: 305, y: 100 }, SIZE);
  assert.deepEqual(path.points, [0.1, 0.2, 0.3, 0.2, 0.305, 0.2]);
});

Deno.test("stay path: however long it is, its points are bounded, the first and the newest are among them", () => {
  const step = fc.tuple(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -20, max: 20 }));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 600 }), (steps) => {
      const path = new StayPath();
      let [x, y] = [500, 250];
      const walked: [number, number][] = [];
      for (const [dx, dy] of steps) {
        x = Math.min(1000, Math.max(0, x + dx));
        y = Math.min(500, Math.max(0, y + dy));
        path.add({ x, y }, SIZE);
        walked.push([x / 1000, y / 500]);
      }
      const { points } = path;
      assert.ok(points.length / 2 <= MAX_PATH_POINTS + 1);
      assert.deepEqual(points.slice(-2), walked.at(-1));
      assert.deepEqual(points.slice(0, 2), walked[0]);
    }),
  );
});

Deno.test("stay path: a walk to and fro is near its points everywhere, as far as they go", () => {
  const path = new StayPath();
  const xs = Array.from({ length: 900 }, (_, at) => at % 300 < 150 ? at % 150 : 150 - at % 150);
  for (const x of xs) path.add({ x: 6 * x, y: 100 }, SIZE);
  for (const x of xs) assert.ok(distance(path.points, 0.006 * x, 0.2) < 0.16, `${x}`);
});
