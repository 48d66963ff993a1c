import assert from "node:assert/strict";
import fc from "fast-check";
import { type Fit, iou, letterbox } from "../../../src/core/geometry.ts";
import { Candidates } from "../../../src/inference/candidates.ts";
import { YOLOV5 } from "../../../src/inference/families/yolov5.ts";
import { pairOf, rowsOf, viewOf } from "../../support/models/outputs.ts";
import {
  MAX_CANDIDATES,
  MAX_DETECTIONS,
  MAX_WEAK,
  Postprocessor,
} from "../../../src/inference/postprocess.ts";

type Box = [x1: number, y1: number, x2: number, y2: number];

/** What a model gave for each cell. */
interface Cell {
  readonly box: Box;
  readonly scores: readonly number[];
}

/** As the two-output family gives it. */
function answer(cells: readonly Cell[]) {
  return pairOf(cells.flatMap(({ box }) => box), cells.flatMap(({ scores }) => scores), 2);
}

/** The same, as the single-output family lays it out. */
function asRows(cells: readonly Cell[]) {
  const columns = cells.map(({ box: [x1, y1, x2, y2], scores }) => [
    ...[(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1],
    ...scores,
  ]);
  const rows = [0, 1, 2, 3, 4, 5].map((row) => columns.map((column) => column[row] ?? 0));
  return rowsOf(rows);
}

const INPUT = { width: 100, height: 100 };
const SQUARE: Fit = letterbox({ x: 0, y: 0, width: 100, height: 100 }, INPUT);

function processor(classes = [0, 1]): Postprocessor {
  return new Postprocessor({ labels: ["person", "dog"], classes, iou: 0.5 });
}

Deno.test("postprocess: keeps scores from the threshold on, the most confident first", () => {
  const raw = answer([
    { box: [0, 0, 10, 10], scores: [0.5, 0] },
    { box: [20, 20, 30, 30], scores: [0.49, 0] },
    { box: [40, 40, 50, 60], scores: [0, 0.75] },
  ]);
  const { detections, cut } = processor().run(raw, SQUARE, 0.5);
  assert.deepEqual(detections, [
    { class: "dog", confidence: 0.75, box: { x: 40, y: 40, width: 10, height: 20 } },
    { class: "person", confidence: 0.5, box: { x: 0, y: 0, width: 10, height: 10 } },
  ]);
  assert.equal(cut, false);
});

Deno.test("postprocess: classes that are not selected are ignored", () => {
  const raw = answer([{ box: [0, 0, 10, 10], scores: [0.6, 0.9] }]);
  const only = (classes: number[]) => processor(classes).run(raw, SQUARE, 0.5).detections;
  assert.deepEqual(only([0]).map((one) => [one.class, one.confidence.toFixed(1)]), [[
    "person",
    "0.6",
  ]]);
  assert.deepEqual(only([0, 1]).map((one) => one.class), ["dog"]);
});

Deno.test("postprocess: of two overlapping boxes the more confident stays; other classes are independent", () => {
  const raw = answer([
    { box: [0, 0, 10, 10], scores: [0.6, 0] },
    { box: [1, 0, 11, 10], scores: [0.8, 0] },
    { box: [1, 1, 11, 11], scores: [0, 0.7] },
    { box: [8, 0, 18, 10], scores: [0.55, 0] },
  ]);
  const { detections } = processor().run(raw, SQUARE, 0.5);
  assert.deepEqual(detections.map((one) => one.box.x), [1, 1, 8]);
});

Deno.test("postprocess: boxes return through the letterbox and the crop, clipped to the crop", () => {
  // A 200 x 100 crop at (300, 50): half size, 50 high, 25 px of bar above.
  const fit = letterbox({ x: 300, y: 50, width: 200, height: 100 }, INPUT);
  const raw = answer([
    { box: [10, 35, 30, 55], scores: [0.9, 0] },
    { box: [80, 10, 120, 90], scores: [0.8, 0] },
  ]);
  const { detections } = processor().run(raw, fit, 0.5);
  assert.deepEqual(detections.map((one) => one.box), [
    { x: 320, y: 70, width: 40, height: 40 },
    { x: 460, y: 50, width: 40, height: 100 },
  ]);
});

Deno.test("postprocess: boxes without extent, outside the picture or not numbers are dropped", () => {
  const boxes: Box[] = [
    [10, 10, 10.5, 50],
    [30, 30, 20, 40],
    [-50, 10, -10, 40],
    [Number.NaN, 0, 10, 10],
    [0, 0, Number.NaN, 10],
  ];
  const raw = answer(boxes.map((box) => ({ box, scores: [0.9, 0] })));
  assert.deepEqual(processor().run(raw, SQUARE, 0.5).detections, []);
  const nan = answer([{ box: [0, 0, 10, 10], scores: [Number.NaN, Number.NaN] }]);
  assert.deepEqual(processor().run(nan, SQUARE, 0.01).detections, []);
});

Deno.test("postprocess: cells whose scores or objectness are not numbers are counted, once each", () => {
  const rows = [
    [10, 10, 8, 8, Number.NaN, 0.9, 0.1],
    [30, 30, 8, 8, 0.9, Number.NaN, Number.NaN],
    [50, 50, 8, 8, 0.5, 1, 0],
  ];
  const raw = viewOf(YOLOV5, [{ name: "output0", dims: [1, 3, 7], values: rows.flat() }]);
  const { detections, invalid } = processor().run(raw, SQUARE, 0.3);
  assert.deepEqual(detections.map((one) => [one.class, one.confidence]), [["person", 0.5]]);
  assert.deepEqual(invalid, { count: 2, part: "confidence" });
});

Deno.test("postprocess: candidates and detections are bounded, and truncation is reported", () => {
  const many = Array.from({ length: 20 * 50 }, (_, cell) => {
    const [x, y] = [(cell % 50) * 2, Math.floor(cell / 50) * 2];
    return { box: [x, y, x + 2, y + 2] satisfies Box, scores: [0.3 + cell / 2000, 0] };
  });
  const { detections, cut } = processor().run(answer(many), SQUARE, 0.1);
  assert.equal(detections.length, MAX_DETECTIONS);
  assert.equal(cut, true);
  assert.equal(detections[0]?.confidence, Math.fround(0.3 + 999 / 2000));
  // All on one spot: 300 candidates, of which one detection remains.
  const stacked = many.map(({ scores }) => ({ box: [0, 0, 50, 50] satisfies Box, scores }));
  const one = processor().run(answer(stacked), SQUARE, 0.1);
  assert.deepEqual([one.detections.length, one.cut], [1, true]);
  assert.equal(processor().run(answer(many.slice(0, 90)), SQUARE, 0.1).cut, false);
});

Deno.test("postprocess: one processor gives the same answer every time, and both layouts agree", () => {
  const coordinate = fc.integer({ min: -20, max: 120 });
  const cell = fc.record({
    box: fc.tuple(coordinate, coordinate, coordinate, coordinate),
    scores: fc.tuple(
      fc.float({ min: 0, max: 1, noNaN: true }),
      fc.float({ min: 0, max: 1, noNaN: true }),
    ),
  });
  const shared = processor();
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 60 }), (cells) => {
      const raw = answer(cells);
      const first = shared.run(raw, SQUARE, 0.4).detections;
      assert.deepEqual(processor().run(raw, SQUARE, 0.4).detections, first);
      assert.deepEqual(shared.run(asRows(cells), SQUARE, 0.4).detections, first);
      first.forEach((a, index) => {
        assert.ok(a.confidence >= 0.4 && a.box.width >= 1 && a.box.height >= 1);
        assert.ok(a.box.x >= 0 && a.box.x + a.box.width <= 100);
        for (const b of first.slice(index + 1)) {
          assert.ok(a.confidence >= b.confidence);
          assert.ok(a.class !== b.class || iou(a.box, b.box) <= 0.5);
        }
      });
    }),
    { numRuns: 100 },
  );
});

Deno.test("postprocess: weak detections are separate, and suppressed by all that are more confident", () => {
  const raw = answer([
    { box: [0, 0, 10, 10], scores: [0.6, 0] },
    { box: [1, 0, 11, 10], scores: [0.3, 0] },
    { box: [1, 0, 11, 10], scores: [0, 0.3] },
    { box: [40, 0, 50, 10], scores: [0.2, 0] },
    { box: [41, 0, 51, 10], scores: [0.25, 0] },
    { box: [70, 0, 80, 10], scores: [0.09, 0] },
  ]);
  const { detections, weak } = processor().run(raw, SQUARE, 0.5, 0.1);
  assert.deepEqual(detections.map((one) => one.box.x), [0]);
  assert.deepEqual(weak.map((one) => [one.class, one.box.x]), [["dog", 1], ["person", 41]]);
  assert.deepEqual(processor().run(raw, SQUARE, 0.1, 0.5).weak, [], "no threshold above the other");
  assert.deepEqual(processor().run(raw, SQUARE, 0.5).weak, []);
});

Deno.test("postprocess: weak detections change none of the others, and are bounded themselves", () => {
  const coordinate = fc.integer({ min: 0, max: 90 });
  const side = fc.integer({ min: 1, max: 30 });
  // Few levels, so that many scores are equal, to each other and to the thresholds.
  const score = fc.integer({ min: 0, max: 10 }).map((level) => level / 10);
  const cell = fc.record({ x: coordinate, y: coordinate, side, one: score, other: score });
  const shared = processor();
  fc.assert(
    fc.property(
      fc.array(cell, { maxLength: 2 * MAX_CANDIDATES, size: "max" }),
      score,
      score,
      (cells, confidence, weakFrom) => {
        const raw = answer(cells.map(({ x, y, side, one, other }) => ({
          box: [x, y, x + side, y + side],
          scores: [one, other],
        })));
        const alone = processor().run(raw, SQUARE, confidence);
        const { weak, ...others } = shared.run(raw, SQUARE, confidence, weakFrom);
        assert.deepEqual({ ...others, weak: [] }, alone);
        assert.ok(weak.length <= MAX_WEAK);
        for (const one of weak) {
          assert.ok(one.confidence < confidence && one.confidence >= Math.fround(weakFrom));
        }
      },
    ),
    // Hundreds of cells take minutes to shrink.
    { numRuns: 200, endOnFailure: true },
  );
});

Deno.test("postprocess: beyond its bound the least confident weak detections are dropped", () => {
  const cells = Array.from({ length: 250 }, (_, cell) => {
    const [x, y] = [(cell % 25) * 4, Math.floor(cell / 25) * 4];
    return { box: [x, y, x + 4, y + 4] satisfies Box, scores: [0.1 + cell / 1000, 0] };
  });
  const { detections, weak, cut } = processor().run(answer(cells), SQUARE, 0.3, 0.1);
  assert.deepEqual([detections.length, weak.length, cut], [50, MAX_WEAK, false]);
  assert.equal(weak.at(-1)?.confidence, Math.fround(0.2));
});

Deno.test("candidates: the best are kept, sorted, equal ones in the order of their cells", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 20 }),
      (scores, capacity) => {
        const candidates = new Candidates(capacity);
        for (let round = 0; round < 2; round++) {
          candidates.clear();
          scores.forEach((score, cell) => candidates.offer(score, cell, cell % 3));
          candidates.sort();
          const got: [number, number, number][] = [];
          candidates.visit((...one) => got.push(one) > 0);
          const expected = scores.map((score, cell) => [score, cell, cell % 3] as const)
            .sort((a, b) => b[0] - a[0] || a[1] - b[1]).slice(0, capacity);
          assert.deepEqual(got, expected);
        }
      },
    ),
    { numRuns: 100 },
  );
  assert.equal(MAX_CANDIDATES, 300);
});
