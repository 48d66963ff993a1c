import assert from "node:assert/strict";
import type { BoxPx } from "../../../src/core/geometry.ts";
import { BoxFilters } from "../../../src/tracking/box_filters.ts";

/** A box of 80 by 200 whose centre moves by 160 pixels a second, which is a walk. */
function walking(seconds: number): BoxPx {
  return { x: 100 + 160 * seconds, y: 50, width: 80, height: 200 };
}

function expected(filters: BoxFilters, index: number, seconds: number): BoxPx {
  const box = { x: 0, y: 0, width: 0, height: 0 };
  filters.expect(index, seconds, box);
  return box;
}

function assertNear(box: BoxPx, wanted: BoxPx, px: number): void {
  for (const key of ["x", "y", "width", "height"] as const) {
    assert(Math.abs(box[key] - wanted[key]) <= px, `${key}: ${box[key]}, not ${wanted[key]}`);
  }
}

Deno.test("box filters: a first box is expected where it is", () => {
  const filters = new BoxFilters(2);
  filters.start(1, walking(0));
  for (const seconds of [0, 0.04, 2, 100]) {
    assertNear(expected(filters, 1, seconds), walking(0), 1e-9);
  }
});

for (const rateHz of [0.5, 1, 5, 25]) {
  Deno.test(`box filters: at ${rateHz} Hz a walk is expected to go on, and to have come from before`, () => {
    const filters = new BoxFilters(1);
    filters.start(0, walking(0));
    const count = Math.max(8, 3 * rateHz);
    for (let at = 1; at <= count; at++) filters.update(0, 1 / rateHz, walking(at / rateHz));
    const last = count / rateHz;
    for (const ahead of [-1, 0, 0.2, 1]) {
      assertNear(expected(filters, 0, ahead), walking(last + ahead), 8);
    }
  });
}

Deno.test("box filters: a walk goes on through changes of the rate", () => {
  const filters = new BoxFilters(1);
  filters.start(0, walking(0));
  let last = 0;
  for (const step of [...Array(5).fill(0.2), 1, 0.04, 0.04, 2, 0.2, 1.5, 0.1]) {
    assertNear(expected(filters, 0, step), walking(last + step), last < 1 ? Infinity : 15);
    last += step;
    filters.update(0, step, walking(last));
  }
});

Deno.test("box filters: who is hidden for long is not expected ever farther away", () => {
  const filters = new BoxFilters(1);
  filters.start(0, walking(0));
  for (let at = 1; at <= 20; at++) filters.update(0, 0.2, walking(at / 5));
  assert.deepEqual(expected(filters, 0, 2), expected(filters, 0, 3600));
});

Deno.test("box filters: one that is scaled and one of a scaled walk are the same", () => {
  const scale = { x: 1.5, y: 0.5 };
  const scaled = ({ x, y, width, height }: BoxPx): BoxPx => ({
    ...{ x: scale.x * x, y: scale.y * y, width: scale.x * width, height: scale.y * height },
  });
  const filters = new BoxFilters(2);
  filters.start(0, walking(0));
  filters.update(0, 0.2, walking(0.2));
  filters.scale(0, scale);
  filters.start(1, scaled(walking(0)));
  filters.update(1, 0.2, scaled(walking(0.2)));
  assertNear(expected(filters, 0, 0.2), expected(filters, 1, 0.2), 8);
});

Deno.test("box filters: a copy goes its own way", () => {
  const filters = new BoxFilters(2);
  filters.start(0, walking(0));
  filters.update(0, 0.2, walking(0.2));
  filters.copy(0, 1);
  const before = expected(filters, 1, 0.2);
  assert.deepEqual(before, expected(filters, 0, 0.2));
  filters.update(0, 0.2, walking(5));
  assert.deepEqual(expected(filters, 1, 0.2), before);
});

Deno.test("box filters: hours between two boxes leave numbers", () => {
  const filters = new BoxFilters(1);
  filters.start(0, walking(0));
  for (const seconds of [1e5, 0, 1e-6, 1e7, 0.04]) {
    filters.update(0, seconds, walking(1));
    for (const value of Object.values(expected(filters, 0, 0.2))) assert(Number.isFinite(value));
  }
  assertNear(expected(filters, 0, 0), walking(1), 5);
});

Deno.test("box filters: after a while without boxes one goes on as it went on average", () => {
  const filters = new BoxFilters(1);
  const box = (x: number) => ({ x, y: 100, width: 80, height: 200 });
  filters.start(0, box(100));
  filters.update(0, 4, box(500));
  filters.goAs(0, { box: box(100), ageSeconds: 4 }, box(500));
  const before = { x: 0, y: 0, width: 0, height: 0 };
  const after = { x: 0, y: 0, width: 0, height: 0 };
  filters.expect(0, 0, before);
  filters.expect(0, 1, after);
  assert(Math.abs(after.x - before.x - 100) < 1, `${before.x} ${after.x}`);
  assert(Math.abs(after.y - before.y) < 1);
});
