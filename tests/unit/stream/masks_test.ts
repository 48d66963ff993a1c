import assert from "node:assert/strict";
import fc from "fast-check";
import {
  boxNorm,
  cropOf,
  letterbox,
  type Placement,
  unletterbox,
} from "../../../src/core/geometry.ts";
import { blackOut, enlarged, maskSpans } from "../../../src/stream/masks.ts";

const INPUT = { width: 8, height: 8 };

const side = (min: number, max: number) => fc.integer({ min, max });
/** A part of a picture, in fractions. */
const part = fc.tuple(side(0, 60), side(0, 60), side(20, 40), side(20, 40)).map((
  [x, y, width, height],
) => boxNorm({ x: x / 100, y: y / 100, width: width / 100, height: height / 100 }));

/** The tensor's first plane as text, `#` where it is black. */
function picture(tensor: Float32Array): string[] {
  return Array.from(
    { length: 8 },
    (_, y) => Array.from({ length: 8 }, (_, x) => tensor[y * 8 + x] === 0 ? "#" : ".").join(""),
  );
}

function masked(
  mask: { x: number; y: number }[],
  frame: { width: number; height: number },
  crop = { x: 0, y: 0, ...frame },
) {
  const fit = letterbox(crop, INPUT);
  const tensor = new Float32Array(3 * 64).fill(1);
  blackOut(tensor, maskSpans([mask], frame, fit, INPUT), 64);
  for (const plane of [1, 2]) {
    assert.deepEqual(
      picture(tensor.subarray(plane * 64)),
      picture(tensor),
      "all planes are masked alike",
    );
  }
  return picture(tensor);
}

const LEFT_HALF = [{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0.5, y: 1 }, { x: 0, y: 1 }];

Deno.test("masks: a polygon is blacked out in the frame, and the bars are unchanged", () => {
  assert.deepEqual(masked(LEFT_HALF, { width: 160, height: 80 }), [
    "........",
    "........",
    "####....",
    "####....",
    "####....",
    "####....",
    "........",
    "........",
  ]);
});

Deno.test("masks: polygons are in coordinates of the source frame, for any region", () => {
  const crop = { x: 40, y: 0, width: 80, height: 80 };
  assert.deepEqual(masked(LEFT_HALF, { width: 160, height: 80 }, crop), Array(8).fill("####...."));
});

Deno.test("masks: a triangle has a slanted side", () => {
  const triangle = [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 0, y: 1 }];
  const rows = masked(triangle, { width: 80, height: 80 });
  assert.deepEqual(rows.map((row) => row.lastIndexOf("#") + 1), [7, 6, 5, 4, 3, 2, 1, 0]);
});

Deno.test("masks: one outside of the region masks nothing", () => {
  const crop = { x: 80, y: 0, width: 80, height: 80 };
  assert.deepEqual(masked(LEFT_HALF, { width: 160, height: 80 }, crop), Array(8).fill("........"));
});

Deno.test("masks: in every placement a pixel is black where its centre lies in a mask", () => {
  const size = fc.record({ width: side(8, 40), height: side(8, 40) });
  const place = fc.constantFrom<Placement>("centre", "top-left", "stretch");
  fc.assert(fc.property(size, size, place, part, part, (frame, input, placement, roi, mask) => {
    const crop = cropOf(boxNorm(roi), frame);
    const fit = letterbox(crop, input, placement);
    const [left, top] = [mask.x * frame.width, mask.y * frame.height];
    const [right, bottom] = [left + mask.width * frame.width, top + mask.height * frame.height];
    const corners = [[left, top], [right, top], [right, bottom], [left, bottom]] as const;
    const polygon = corners.map(([x, y]) => ({ x: x / frame.width, y: y / frame.height }));
    const area = input.width * input.height;
    const tensor = new Float32Array(3 * area).fill(1);
    blackOut(tensor, maskSpans([polygon], frame, fit, input), area);
    for (let y = 0; y < input.height; y++) {
      for (let x = 0; x < input.width; x++) {
        const isPicture = x >= fit.dx && x < fit.dx + fit.width && y >= fit.dy &&
          y < fit.dy + fit.height;
        const centre = { x1: x + 0.5, y1: y + 0.5, x2: x + 0.5, y2: y + 0.5 };
        const at = unletterbox(centre, fit);
        const distances = [at.x - left, right - at.x, at.y - top, bottom - at.y];
        // On an edge, rounding decides.
        if (distances.some((distance) => Math.abs(distance) < 1e-9)) continue;
        const isMasked = isPicture && distances.every((distance) => distance > 0);
        assert.equal(tensor[y * input.width + x], isMasked ? 0 : 1, `${x},${y}`);
      }
    }
  }));
});

Deno.test("masks: they are enlarged by one pixel to each side, within the picture", () => {
  const size = { width: 6, height: 5 };
  // Rows of 8 values, of which 6 belong to the picture.
  const draw = (...spans: number[]) => {
    const values = new Uint8Array(8 * size.height);
    const all = enlarged(Int32Array.from(spans), size, 8);
    for (let i = 0; i < all.length; i += 2) {
      values.fill(1, all[i], (all[i] ?? 0) + (all[i + 1] ?? 0));
    }
    return Array.from(
      { length: size.height },
      (_, y) =>
        Array.from(values.subarray(8 * y, 8 * y + 8), (one) => one === 1 ? "#" : ".").join(""),
    );
  };
  assert.deepEqual(draw(2 * 8 + 2, 1), [
    "........",
    ".###....",
    ".###....",
    ".###....",
    "........",
  ]);
  assert.deepEqual(draw(0, 1, 4 * 8 + 4, 2), [
    "##......",
    "##......",
    "........",
    "...###..",
    "...###..",
  ]);
});
