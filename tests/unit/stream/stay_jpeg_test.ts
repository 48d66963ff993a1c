import assert from "node:assert/strict";
import fc from "fast-check";
import { acrossSize, ORIENTATIONS, UPRIGHT, viewOf } from "../../../src/core/display.ts";
import type { BoxPx } from "../../../src/core/geometry.ts";
import {
  MAX_CROP_JPEG_PX,
  MAX_FRAME_JPEG_PX,
  MIN_CROP_PX,
  picturePart,
} from "../../../src/stream/stay_jpeg.ts";

const FULL_HD = viewOf({ width: 1920, height: 1080 }, UPRIGHT, 1);

Deno.test("stay jpeg: a crop is the box with a fifth of its sides around it", () => {
  const box = { x: 400, y: 300, width: 200, height: 500 };
  assert.deepEqual(picturePart({ box, mode: "crop" }, FULL_HD), {
    crop: { x: 360, y: 200, width: 280, height: 700 },
    shown: { x: 360, y: 200, width: 280, height: 700 },
    size: { width: 256, height: 640 },
  });
});

Deno.test("stay jpeg: a small box has surroundings, which stay within the picture", () => {
  const cases: [box: BoxPx, crop: BoxPx][] = [
    [{ x: 900, y: 500, width: 20, height: 40 }, { x: 828, y: 440, width: 164, height: 160 }],
    [{ x: 0, y: 0, width: 20, height: 40 }, { x: 0, y: 0, width: 160, height: 160 }],
    [{ x: 1910, y: 1070, width: 10, height: 10 }, { x: 1760, y: 920, width: 160, height: 160 }],
  ];
  for (const [box, crop] of cases) {
    const part = picturePart({ box, mode: "crop" }, FULL_HD);
    assert.deepEqual([part.crop, part.size], [crop, { width: crop.width, height: crop.height }]);
  }
  const small = viewOf({ width: 98, height: 50 }, UPRIGHT, 1);
  const box = { x: 40, y: 20, width: 10, height: 10 };
  assert.deepEqual(picturePart({ box, mode: "crop" }, small).crop, {
    x: 0,
    y: 0,
    width: 98,
    height: 50,
  });
});

Deno.test("stay jpeg: a whole frame is bounded in its longer side", () => {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  const upright = picturePart({ box, mode: "frame" }, FULL_HD);
  assert.deepEqual(upright.crop, { x: 0, y: 0, width: 1920, height: 1080 });
  assert.deepEqual(upright.size, { width: MAX_FRAME_JPEG_PX, height: 720 });
  const [, turned = UPRIGHT] = ORIENTATIONS;
  const sideways = picturePart({ box, mode: "frame" }, viewOf(FULL_HD.coded, turned, 1));
  assert.deepEqual(sideways.crop, upright.crop);
  assert.deepEqual(sideways.size, { width: 720, height: MAX_FRAME_JPEG_PX });
  const small = picturePart(
    { box, mode: "frame" },
    viewOf({ width: 320, height: 240 }, UPRIGHT, 1),
  );
  assert.deepEqual(small.size, { width: 320, height: 240 });
});

const size = fc.record({
  width: fc.integer({ min: 2, max: 4000 }),
  height: fc.integer({ min: 2, max: 3000 }),
}).map(({ width, height }) => ({ width, height }));
const side = fc.double({ min: 0, max: 1, noNaN: true });

Deno.test("stay jpeg: in any orientation a crop contains the box, and is whole samples of the picture", () => {
  fc.assert(fc.property(
    size,
    fc.constantFrom(...ORIENTATIONS),
    fc.double({ min: 0.5, max: 2, noNaN: true }),
    fc.tuple(side, side, side, side),
    (coded, orientation, pixelAspect, [x, y, width, height]) => {
      const view = viewOf(coded, orientation, pixelAspect);
      const box = {
        x: x * view.shown.width,
        y: y * view.shown.height,
        width: width * (1 - x) * view.shown.width,
        height: height * (1 - y) * view.shown.height,
      };
      const { crop, shown, size } = picturePart({ box, mode: "crop" }, view);
      for (const value of Object.values(crop)) assert.ok(Number.isInteger(value));
      assert.ok(crop.x % 4 === 0 && crop.y % 4 === 0 && crop.width > 0 && crop.height > 0);
      assert.ok(crop.x + crop.width <= coded.width && crop.y + crop.height <= coded.height);
      const near = 1e-3;
      assert.ok(shown.x <= box.x + near && shown.y <= box.y + near);
      assert.ok(shown.x + shown.width >= box.x + box.width - near);
      assert.ok(shown.y + shown.height >= box.y + box.height - near);
      assert.ok(shown.width >= Math.min(MIN_CROP_PX, view.shown.width) - near);
      assert.ok(shown.height >= Math.min(MIN_CROP_PX, view.shown.height) - near);
      assert.ok(Math.max(size.width, size.height) <= MAX_CROP_JPEG_PX);
      assert.ok(Math.min(size.width, size.height) >= 2);
    },
  ));
});

Deno.test("stay jpeg: a crop is the same part of the picture in every orientation", () => {
  const shown = { width: 1920, height: 1080 };
  const box = { x: 400, y: 300, width: 200, height: 500 };
  const wanted = picturePart({ box, mode: "crop" }, FULL_HD);
  for (const orientation of ORIENTATIONS) {
    const view = viewOf(acrossSize(shown, orientation), orientation, 1);
    const part = picturePart({ box, mode: "crop" }, view);
    for (const key of ["x", "y", "width", "height"] as const) {
      assert.ok(
        Math.abs(part.shown[key] - wanted.shown[key]) < 1e-6,
        `${orientation.index} ${key}`,
      );
    }
    assert.deepEqual(part.size, wanted.size);
  }
});
