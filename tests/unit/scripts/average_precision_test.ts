import assert from "node:assert/strict";
import type { BoxPx } from "../../../src/core/geometry.ts";
import {
  AREAS,
  atThreshold,
  averagePrecision,
  cocoAp,
  MAX_FOUND,
  type ScoredBox,
  type TrueObject,
} from "../../../scripts/bench/accuracy/average_precision.ts";

const MATCH = { iou: 0.5, area: AREAS.all };

/** A square of 20 pixels at a place of its own. */
function place(number: number, sidePx = 20): BoxPx {
  return { x: 1000 * number, y: 0, width: sidePx, height: sidePx };
}

function object(box: BoxPx, rest: Partial<TrueObject> = {}): TrueObject {
  return { box, areaPx: box.width * box.height, isIgnored: false, isCrowd: false, ...rest };
}

function found(confidence: number, box: BoxPx): ScoredBox {
  return { confidence, box };
}

/** A close equality: sums of fractions. */
function assertNear(value: number | null, expected: number): void {
  assert.ok(value !== null && Math.abs(value - expected) < 1e-9, `${value}, expected ${expected}`);
}

Deno.test("average precision: the best precision at each of 101 recalls", () => {
  const truth = [object(place(1)), object(place(2))];
  const hits = [found(0.9, place(1)), found(0.8, place(3)), found(0.7, place(2))];
  // Precision 1 up to a recall of 0.5, then 2 of 3.
  assertNear(averagePrecision([{ truth, found: hits }], MATCH), (51 + 50 * 2 / 3) / 101);
  // The order of the detections does not matter, nor in which of the pictures they are.
  assertNear(
    averagePrecision([{ truth, found: hits.toReversed() }], MATCH),
    (51 + 50 * 2 / 3) / 101,
  );
  const apart = [
    { truth: truth.slice(1), found: hits.slice(2) },
    { truth: truth.slice(0, 1), found: hits.slice(0, 2) },
  ];
  assertNear(averagePrecision(apart, MATCH), (51 + 50 * 2 / 3) / 101);
  // Without the second object recall ends at a half.
  assertNear(averagePrecision([{ truth, found: hits.slice(0, 1) }], MATCH), 51 / 101);
  assertNear(averagePrecision([{ truth, found: [] }], MATCH), 0);
  assert.equal(averagePrecision([{ truth: [], found: hits }], MATCH), null);
});

Deno.test("average precision: COCO's is the mean over ten overlaps", () => {
  // 20 x 20 moved by 4.5: an overlap of 310 in 490, 0.633.
  const moved = { ...place(1), x: 1004.5 };
  const pictures = [{ truth: [object(place(1))], found: [found(0.9, moved)] }];
  assertNear(cocoAp(pictures, AREAS.all), 0.3);
  assertNear(cocoAp([{ truth: [object(place(1))], found: [found(0.9, place(1))] }], AREAS.all), 1);
});

Deno.test("average precision: an object is detected once, by the most confident", () => {
  const pictures = [{
    truth: [object(place(1))],
    found: [found(0.6, place(1)), found(0.7, place(1)), found(0.9, { ...place(1), x: 1002 })],
  }];
  assertNear(averagePrecision(pictures, MATCH), 1);
  assert.deepEqual(atThreshold(pictures, { ...MATCH, confidence: 0.5 }), {
    recall: 1,
    precision: 1 / 3,
  });
  assert.deepEqual(atThreshold(pictures, { ...MATCH, confidence: 0.8 }), {
    recall: 1,
    precision: 1,
  });
  assert.deepEqual(atThreshold(pictures, { ...MATCH, confidence: 0.95 }), {
    recall: 0,
    precision: null,
  });
});

Deno.test("average precision: ignored objects are neither missed nor falsely detected", () => {
  const truth = [object(place(1)), object(place(2), { isIgnored: true })];
  const at = (...boxes: BoxPx[]) =>
    atThreshold([{ truth, found: boxes.map((box) => found(0.9, box)) }], {
      ...MATCH,
      confidence: 0.5,
    });
  assert.deepEqual(at(place(1)), { recall: 1, precision: 1 });
  assert.deepEqual(at(place(1), place(2)), { recall: 1, precision: 1 });
  // A second detection of it is false: it is one object.
  assert.deepEqual(at(place(1), place(2), place(2)), { recall: 1, precision: 0.5 });
  assert.deepEqual(at(place(2)), { recall: 0, precision: null });
});

Deno.test("average precision: any number of detections may lie in a crowd", () => {
  const crowd = object({ x: 0, y: 0, width: 300, height: 300 }, { isCrowd: true });
  const truth = [object(place(1)), crowd];
  const inside = [0, 50, 100].map((x) => found(0.8, { x, y: 10, width: 20, height: 40 }));
  const outside = found(0.8, { x: 285, y: 10, width: 40, height: 40 });
  const pictures = [{ truth, found: [found(0.7, place(1)), ...inside] }];
  assertNear(averagePrecision(pictures, MATCH), 1);
  assertNear(
    averagePrecision([{ truth, found: [...inside, outside, found(0.7, place(1))] }], MATCH),
    0.5,
  );
});

Deno.test("average precision: an object that counts goes before an ignored one that overlaps more", () => {
  const box = place(1);
  const truth = [object(box, { isIgnored: true }), object({ ...box, x: box.x + 4 })];
  const pictures = [{ truth, found: [found(0.9, box)] }];
  assert.deepEqual(atThreshold(pictures, { ...MATCH, confidence: 0.5 }), {
    recall: 1,
    precision: 1,
  });
});

Deno.test("average precision: of a size only its objects count, judged by their area", () => {
  const small = object(place(1));
  // A large box around little: COCO's area is that of the outline.
  const thin = object(place(2, 200), { areaPx: 900 });
  const large = object(place(3, 200));
  const pictures = [{
    truth: [small, thin, large],
    found: [found(0.9, place(1)), found(0.8, place(3, 200)), found(0.7, place(4, 50))],
  }];
  const at = (area: keyof typeof AREAS) =>
    atThreshold(pictures, { iou: 0.5, area: AREAS[area], confidence: 0.5 });
  assert.deepEqual(at("small"), { recall: 1 / 2, precision: 1 });
  assert.deepEqual(at("medium"), { recall: null, precision: 0 });
  assert.deepEqual(at("large"), { recall: 1, precision: 1 });
  assert.deepEqual(at("all"), { recall: 2 / 3, precision: 2 / 3 });
});

Deno.test("average precision: of a picture the hundred most confident detections count", () => {
  const truth = [object(place(1))];
  const wrong = Array.from({ length: MAX_FOUND }, (_, at) => found(0.9, place(at + 2)));
  assertNear(averagePrecision([{ truth, found: [found(0.1, place(1)), ...wrong] }], MATCH), 0);
  const fewer = wrong.slice(1);
  assertNear(averagePrecision([{ truth, found: [found(0.1, place(1)), ...fewer] }], MATCH), 0.01);
});
