import assert from "node:assert/strict";
import fc from "fast-check";
import {
  boxNorm,
  type BoxPx,
  cropOf,
  iou,
  letterbox,
  type Placement,
  toInput,
  unletterbox,
} from "../../../src/core/geometry.ts";

const size = fc.record({
  width: fc.integer({ min: 16, max: 7680 }),
  height: fc.integer({ min: 16, max: 4320 }),
});
const input = fc.record({
  width: fc.integer({ min: 32, max: 1280 }),
  height: fc.integer({ min: 32, max: 1280 }),
});
const crop = size.chain(({ width, height }) =>
  fc.record({
    x: fc.integer({ min: 0, max: 4000 }),
    y: fc.integer({ min: 0, max: 4000 }),
    width: fc.constant(width),
    height: fc.constant(height),
  })
);
const placement = fc.constantFrom<Placement>("centre", "top-left", "stretch");
const unit = fc.double({ min: 0, max: 1, noNaN: true });

Deno.test("letterbox: a box goes to the network's input and comes back where it was", () => {
  fc.assert(
    fc.property(crop, input, placement, unit, unit, unit, unit, (source, net, place, ...at) => {
      const [a, b, c, d] = at;
      const fit = letterbox(source, net, place);
      const box: BoxPx = {
        x: source.x + Math.min(a, b) * source.width,
        y: source.y + Math.min(c, d) * source.height,
        width: Math.abs(a - b) * source.width,
        height: Math.abs(c - d) * source.height,
      };
      const back = unletterbox(toInput(box, fit), fit);
      for (const key of ["x", "y", "width", "height"] as const) {
        assert.ok(Math.abs(back[key] - box[key]) < 1e-6, `${key}: ${box[key]} became ${back[key]}`);
      }
    }),
  );
});

Deno.test("letterbox: the picture lies within the input, fills one side, keeps its shape", () => {
  fc.assert(fc.property(crop, input, (source, net) => {
    const fit = letterbox(source, net);
    assert.ok(fit.dx >= 0 && fit.dx + fit.width <= net.width);
    assert.ok(fit.dy >= 0 && fit.dy + fit.height <= net.height);
    assert.ok(fit.width === net.width || fit.height === net.height);
    assert.ok(Number.isInteger(fit.width) && Number.isInteger(fit.dx) && Number.isInteger(fit.dy));
    const scale = Math.min(net.width / source.width, net.height / source.height);
    assert.ok(Math.abs(fit.width - source.width * scale) <= 0.5 + 1e-9 || fit.width === 1);
    assert.ok(Math.abs(fit.height - source.height * scale) <= 0.5 + 1e-9 || fit.height === 1);
  }));
});

Deno.test("letterbox: 1280 × 720 into 416 × 416 leaves bars of 91 pixels", () => {
  const fit = letterbox({ x: 0, y: 0, width: 1280, height: 720 }, { width: 416, height: 416 });
  const { crop: _crop, input: _input, ...place } = fit;
  assert.deepEqual(place, { width: 416, height: 234, dx: 0, dy: 91 });
});

Deno.test("letterbox: at the top left it has its size, and what is stretched fills the input", () => {
  fc.assert(fc.property(crop, input, (source, { width: across, height: down }) => {
    const net = { width: across, height: down };
    const { width, height } = letterbox(source, net);
    const corner = { crop: source, input: net, width, height, dx: 0, dy: 0 };
    assert.deepEqual(letterbox(source, net, "top-left"), corner);
    const filled = { crop: source, input: net, ...net, dx: 0, dy: 0 };
    assert.deepEqual(letterbox(source, net, "stretch"), filled);
  }));
});

Deno.test("unletterbox: what lies in the bars or outside is clipped to the crop", () => {
  const corner = fc.double({ min: -2000, max: 4000, noNaN: true });
  fc.assert(
    fc.property(
      crop,
      input,
      placement,
      corner,
      corner,
      corner,
      corner,
      (source, net, place, ...at) => {
        const [a, b, c, d] = at;
        const corners = {
          x1: Math.min(a, b),
          x2: Math.max(a, b),
          y1: Math.min(c, d),
          y2: Math.max(c, d),
        };
        const box = unletterbox(corners, letterbox(source, net, place));
        const slack = 1e-6;
        assert.ok(box.width >= 0 && box.height >= 0);
        assert.ok(box.x >= source.x - slack && box.y >= source.y - slack);
        assert.ok(box.x + box.width <= source.x + source.width + slack);
        assert.ok(box.y + box.height <= source.y + source.height + slack);
      },
    ),
  );
});

Deno.test("crop: any region of any frame is inside it, even where it must be, and not empty", () => {
  fc.assert(fc.property(size, unit, unit, unit, unit, (frame, x, y, w, h) => {
    const roi = boxNorm({ x, y, width: w * (1 - x), height: h * (1 - y) });
    const box = cropOf(roi, frame);
    assert.ok(box.x % 2 === 0 && box.y % 2 === 0);
    assert.ok(box.x >= 0 && box.y >= 0 && box.width >= 2 && box.height >= 2);
    assert.ok(box.x + box.width <= frame.width && box.y + box.height <= frame.height);
  }));
});

Deno.test("crop: no region, and the region of everything, is the whole frame", () => {
  const frame = { width: 1279, height: 719 };
  const whole = { x: 0, y: 0, ...frame };
  assert.deepEqual(cropOf(null, frame), whole);
  assert.deepEqual(cropOf(boxNorm({ x: 0, y: 0, width: 1, height: 1 }), frame), whole);
});

Deno.test("iou: 1 with itself, 0 apart, the same both ways, never outside 0..1", () => {
  const box = fc.record({
    x: fc.integer({ min: 0, max: 100 }),
    y: fc.integer({ min: 0, max: 100 }),
    width: fc.integer({ min: 1, max: 100 }),
    height: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(fc.property(box, box, (a, b) => {
    assert.equal(iou(a, a), 1);
    assert.equal(iou(a, b), iou(b, a));
    assert.ok(iou(a, b) >= 0 && iou(a, b) <= 1);
    assert.equal(iou(a, { ...b, x: a.x + a.width }), 0);
  }));
});
