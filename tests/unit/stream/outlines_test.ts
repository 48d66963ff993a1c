import assert from "node:assert/strict";
import { boxSpans, lineSpans, strokePx, zoneSpans } from "../../../src/stream/outlines.ts";

const SIZE = { width: 12, height: 8 };
const STRIDE = 16;

/** The painted pixels of a small picture, by row. */
function drawn(spans: Int32Array): string[] {
  const rows = Array.from({ length: SIZE.height }, () => Array<string>(SIZE.width).fill("."));
  for (let at = 0; at + 1 < spans.length; at += 2) {
    const start = spans[at] ?? NaN;
    for (let each = start; each < start + (spans[at + 1] ?? NaN); each++) {
      const row = rows[Math.floor(each / STRIDE)];
      assert.ok(row !== undefined && each % STRIDE < SIZE.width, `${each} is outside the picture`);
      row[each % STRIDE] = "#";
    }
  }
  return rows.map((row) => row.join(""));
}

Deno.test("outlines: a stroke is two pixels wide, and more in a large picture", () => {
  assert.deepEqual([strokePx(SIZE), strokePx({ width: 540, height: 960 })], [2, 3]);
});

Deno.test("outlines: a box is drawn inwards, scaled from the picture as shown", () => {
  const shown = { width: 120, height: 80 };
  const boxes = [{ x: 10, y: 10, width: 80, height: 60 }];
  assert.deepEqual(drawn(boxSpans(boxes, { shown, size: SIZE, stride: STRIDE })), [
    "............",
    ".########...",
    ".########...",
    ".##....##...",
    ".##....##...",
    ".########...",
    ".########...",
    "............",
  ]);
});

Deno.test("outlines: a box that is small, or reaches beyond the picture, is cut off there", () => {
  const boxes = [{ x: 10, y: 6, width: 9, height: 9 }, { x: -3, y: -3, width: 6, height: 5 }];
  assert.deepEqual(drawn(boxSpans(boxes, { shown: SIZE, size: SIZE, stride: STRIDE })), [
    "###.........",
    "###.........",
    "............",
    "............",
    "............",
    "............",
    "..........##",
    "..........##",
  ]);
});

Deno.test("outlines: the sides of a zone and lines are drawn around the points they connect", () => {
  const points = [{ x: 0.25, y: 0.25 }, { x: 0.75, y: 0.25 }, { x: 0.75, y: 0.75 }];
  const [from, to] = [{ x: 0, y: 0.5 }, { x: 1, y: 0.5 }];
  assert.deepEqual(drawn(lineSpans([{ from, to }, { from, to: from }], SIZE, STRIDE)), [
    ...Array<string>(3).fill("............"),
    ...Array<string>(2).fill("############"),
    ...Array<string>(3).fill("............"),
  ]);
  const zone = drawn(zoneSpans([points], SIZE, STRIDE));
  assert.deepEqual(zone.slice(0, 4), [
    "............",
    "...######...",
    "...#######..",
    "...####.##..",
  ]);
  // Corners are not filled up; the diagonal closes the triangle.
  assert.equal(zone[7], "............");
  assert.ok(zone.slice(4, 6).every((row) => row.includes("##")));
});
