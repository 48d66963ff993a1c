import assert from "node:assert/strict";
import fc from "fast-check";
import {
  acrossSize,
  codedPart,
  inverse,
  nearestOrientation,
  type Orientation,
  orientationOf,
  ORIENTATIONS,
  pixelAspectOf,
  shownPart,
  turned,
  UPRIGHT,
  viewInfo,
  viewOf,
  walkOf,
} from "../../../src/core/display.ts";
import { boxNorm, type BoxPx, cropOf } from "../../../src/core/geometry.ts";

/** Where the coded point (p, q) goes, around the middle: mirrored first, then turned clockwise. */
function matrixOf({ quarterTurns, isMirrored }: Orientation) {
  const cos = [1, 0, -1, 0][quarterTurns] ?? NaN;
  const sin = [0, 1, 0, -1][quarterTurns] ?? NaN;
  const sign = isMirrored ? -1 : 1;
  return { a: sign * cos, b: sign * sin, c: -sin, d: cos };
}

const orientation = fc.constantFrom(...ORIENTATIONS);
const size = fc.record({
  width: fc.integer({ min: 2, max: 7680 }),
  height: fc.integer({ min: 2, max: 4320 }),
}).map(({ width, height }) => ({ width, height }));
const pixelAspect = fc.double({ min: 1 / 8, max: 8, noNaN: true });
const view = fc.tuple(size, orientation, pixelAspect).map((parts) => viewOf(...parts));
const fraction = fc.double({ min: 0, max: 0.5, noNaN: true });
const roi = fc.record({ x: fraction, y: fraction, width: fraction, height: fraction }).map(boxNorm);

function assertNear(found: BoxPx, wanted: BoxPx, within: number): void {
  for (const side of ["x", "y", "width", "height"] as const) {
    const text = `${JSON.stringify(found)} for ${JSON.stringify(wanted)}`;
    assert.ok(Math.abs(found[side] - wanted[side]) <= within, text);
  }
}

Deno.test("orientation: each is the nearest to its own matrix, at any scale and a little off", () => {
  const off = fc.double({ min: -0.3, max: 0.3, noNaN: true });
  fc.assert(fc.property(
    orientation,
    fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    fc.tuple(off, off, off, off),
    (wanted, scale, [one, two, three, four]) => {
      const { a, b, c, d } = matrixOf(wanted);
      const map = {
        a: scale * (a + one),
        b: scale * (b + two),
        c: scale * (c + three),
        d: scale * (d + four),
      };
      assert.equal(nearestOrientation(map), wanted);
    },
  ));
});

Deno.test("orientation: a degenerate matrix is upright", () => {
  for (const value of [0, NaN, Infinity]) {
    assert.equal(nearestOrientation({ a: value, b: value, c: value, d: value }), UPRIGHT);
  }
});

Deno.test("orientation: turned further, and undone", () => {
  assert.equal(turned(orientationOf(3, false), 1), UPRIGHT);
  assert.equal(turned(orientationOf(1, true), 2), orientationOf(3, true));
  assert.equal(orientationOf(-1, false), orientationOf(3, false));
  fc.assert(fc.property(size, orientation, roi, (coded, shown, part) => {
    assert.equal(inverse(inverse(shown)), shown);
    const there = shownPart(scaled(part, coded), viewOf(coded, shown, 1));
    const back = shownPart(there, viewOf(acrossSize(coded, shown), inverse(shown), 1));
    assertNear(back, scaled(part, coded), 1e-6);
  }));
});

function scaled(part: { x: number; y: number; width: number; height: number }, by: {
  readonly width: number;
  readonly height: number;
}): BoxPx {
  return {
    x: part.x * by.width,
    y: part.y * by.height,
    width: part.width * by.width,
    height: part.height * by.height,
  };
}

Deno.test("view: each of the eight puts the marked corner where a person sees it", () => {
  // A box in the coded picture's top left corner, 3 by 1 of 10 by 4.
  const box = { x: 0, y: 0, width: 3, height: 1 };
  const wanted = [
    { x: 0, y: 0, width: 3, height: 1 },
    { x: 3, y: 0, width: 1, height: 3 },
    { x: 7, y: 3, width: 3, height: 1 },
    { x: 0, y: 7, width: 1, height: 3 },
    { x: 7, y: 0, width: 3, height: 1 },
    { x: 3, y: 7, width: 1, height: 3 },
    { x: 0, y: 3, width: 3, height: 1 },
    { x: 0, y: 0, width: 1, height: 3 },
  ];
  const found = ORIENTATIONS.map((one) => shownPart(box, viewOf({ width: 10, height: 4 }, one, 1)));
  assert.deepEqual(found, wanted);
});

Deno.test("view: pixels are stretched to squares, and no side becomes shorter", () => {
  const shown = (width: number, height: number, aspect: number, turns = 0) =>
    viewOf({ width, height }, orientationOf(turns, false), aspect).shown;
  assert.deepEqual(shown(320, 360, 2), { width: 640, height: 360 });
  assert.deepEqual(shown(320, 360, 2, 1), { width: 360, height: 640 });
  assert.deepEqual(shown(720, 576, 16 / 15), { width: 768, height: 576 });
  assert.deepEqual(shown(720, 480, 8 / 9), { width: 720, height: 540 });
  fc.assert(fc.property(view, ({ coded, shown, orientation, pixelAspect }) => {
    const upright = acrossSize(shown, orientation);
    assert.ok(upright.width >= coded.width && upright.height >= coded.height);
    const aspect = (upright.width / coded.width) / (upright.height / coded.height);
    assert.ok(Math.abs(aspect / pixelAspect - 1) <= 1 / Math.min(coded.width, coded.height));
  }));
});

Deno.test("view: a region of the picture as shown comes back where it was, to two coded pixels", () => {
  fc.assert(fc.property(view, roi, (of, part) => {
    const crop = cropOf(codedPart(part, of.orientation), of.coded);
    const found = shownPart(crop, of);
    const { coded, shown } = of;
    assert.ok(crop.x >= 0 && crop.x + crop.width <= coded.width);
    assert.ok(crop.y >= 0 && crop.y + crop.height <= coded.height);
    const upright = acrossSize(shown, of.orientation);
    const pixel = Math.max(upright.width / coded.width, upright.height / coded.height);
    assertNear(found, scaled(part, shown), 3 * pixel + 1e-6);
  }));
});

Deno.test("view: all of the coded picture is all of the picture as shown", () => {
  fc.assert(fc.property(view, (of) => {
    const all = boxNorm({ x: 0, y: 0, width: 1, height: 1 });
    const { x, y, width, height } = codedPart(all, of.orientation);
    assert.deepEqual({ x, y, width, height }, { ...all });
    const { coded, shown } = of;
    assertNear(shownPart({ x: 0, y: 0, ...coded }, of), { x: 0, y: 0, ...shown }, 1e-6);
  }));
});

Deno.test("view: upright square pixels keep every number as it is", () => {
  fc.assert(fc.property(size, roi, (coded, part) => {
    const of = viewOf(coded, UPRIGHT, 1);
    assert.deepEqual(of.shown, { ...coded });
    const crop = cropOf(codedPart(part, UPRIGHT), coded);
    assert.deepEqual(crop, cropOf(part, coded));
    assert.deepEqual(shownPart(crop, of), crop);
  }));
});

Deno.test("walk: reads a picture in the order in which it is shown", () => {
  const small = fc.record({
    width: fc.integer({ min: 1, max: 9 }),
    height: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(fc.property(small, fc.nat(3), orientation, (coded, slack, how) => {
    const stride = coded.width + slack;
    const { start, stepX, stepY } = walkOf(coded, stride, how);
    const of = viewOf(coded, how, 1);
    for (let y = 0; y < coded.height; y++) {
      for (let x = 0; x < coded.width; x++) {
        const place = shownPart({ x, y, width: 1, height: 1 }, of);
        assert.equal(start + place.x * stepX + place.y * stepY, y * stride + x);
      }
    }
  }));
});

Deno.test("pixel aspect: an unknown or implausible one is null", () => {
  assert.equal(pixelAspectOf({ num: 4, den: 3 }), 4 / 3);
  assert.equal(pixelAspectOf({ num: 8, den: 1 }), 8);
  const nonsense = [[0, 1], [1, 0], [0, 0], [-1, 1], [65535, 1], [1, 65535], [-4, -3]] as const;
  for (const [num, den] of nonsense) assert.equal(pixelAspectOf({ num, den }), null);
});

Deno.test("view: lists its sizes, turn and pixels", () => {
  assert.deepEqual(viewInfo(viewOf({ width: 704, height: 576 }, orientationOf(3, true), 12 / 11)), {
    width: 576,
    height: 768,
    codedWidth: 704,
    codedHeight: 576,
    rotation: 270,
    mirrored: true,
    sampleAspectRatio: 1.0909,
  });
});
