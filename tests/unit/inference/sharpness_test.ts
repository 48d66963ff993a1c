import assert from "node:assert/strict";
import fc from "fast-check";
import { type BoxPx, letterbox } from "../../../src/core/geometry.ts";
import { type Seen, sharpnessOf, withSharpness } from "../../../src/inference/sharpness.ts";

const INPUT = { width: 96, height: 96, bars: 0.5 };
/** Twice the size of the input, with bars of 24 rows above and below. */
const SIZE = { width: 192, height: 96 };
const FIT = letterbox({ x: 0, y: 0, ...SIZE }, INPUT);
const WHOLE: BoxPx = { x: 0, y: 0, ...SIZE };

/** An input whose pixels are drawn by position, the same in the three planes, within bars. */
function seen(draw: (x: number, y: number) => number): Seen {
  const { width, height } = INPUT;
  const tensor = new Float32Array(3 * width * height).fill(INPUT.bars);
  for (let y = FIT.dy; y < FIT.dy + FIT.height; y++) {
    for (let x = 0; x < width; x++) {
      for (let plane = 0; plane < 3; plane++) {
        tensor[(plane * height + y) * width + x] = draw(x, y);
      }
    }
  }
  return { tensor, fit: FIT };
}

const fine = (x: number, y: number) => ((x * 7919 + y * 104_729) % 97) / 97;

/** The mean over a square around each pixel. */
function blurred(radius: number): (x: number, y: number) => number {
  return (x, y) => {
    let sum = 0;
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) sum += fine(x + dx + 8, y + dy + 8);
    }
    return sum / (2 * radius + 1) ** 2;
  };
}

Deno.test("sharpness: the more a picture is blurred, the less sharp it is", () => {
  const values = [0, 1, 2, 4].map((radius) => sharpnessOf(WHOLE, seen(blurred(radius))));
  values.forEach((value, index) => {
    assert.ok(value > 0 && value < 1, `${value}`);
    assert.ok(index === 0 || value < (values[index - 1] ?? 0) * 0.9, values.join(", "));
  });
});

Deno.test("sharpness: an even area is 0, and so is an even slope", () => {
  assert.equal(sharpnessOf(WHOLE, seen(() => 0.25)), 0);
  assert.ok(sharpnessOf(WHOLE, seen((x) => x / 128)) < 1e-6);
  assert.equal(sharpnessOf(WHOLE, seen(() => NaN)), 0);
});

Deno.test("sharpness: a box is found where it was fitted, and the bars do not count", () => {
  // Detail in the right half of the frame alone; the frame is even against the bars.
  const half = seen((x, y) => x < 48 ? 0 : fine(x, y));
  assert.equal(sharpnessOf({ x: 0, y: 0, width: 90, height: 96 }, half), 0);
  assert.ok(sharpnessOf({ x: 100, y: 0, width: 92, height: 96 }, half) > 0.5);
  const even = seen(() => 0);
  assert.equal(sharpnessOf({ x: -50, y: -50, width: 400, height: 400 }, even), 0);
});

Deno.test("sharpness: any box is safe, and its value within 0 and 1", () => {
  const picture = seen(fine);
  const side = fc.oneof(
    fc.double({ min: -500, max: 500, noNaN: true }),
    fc.constantFrom(0, -0, NaN, Infinity, -Infinity, 1e-9, 1e12),
  );
  fc.assert(
    fc.property(fc.record({ x: side, y: side, width: side, height: side }), (box) => {
      const value = sharpnessOf(box, picture);
      assert.ok(value >= 0 && value < 1, `${value}`);
    }),
    { numRuns: 500 },
  );
  for (const at of [0, 95, 191]) {
    assert.equal(sharpnessOf({ x: at, y: 0, width: 0, height: 96 }, picture), 0);
  }
});

Deno.test("sharpness: it is added to detections, which stay as they are otherwise", () => {
  const detection = { class: "person", confidence: 0.5, box: WHOLE };
  const [measured] = withSharpness([detection], seen(fine));
  assert.deepEqual(measured, { ...detection, sharpness: sharpnessOf(WHOLE, seen(fine)) });
});
