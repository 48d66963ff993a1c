import assert from "node:assert/strict";
import fc from "fast-check";
import { letterbox } from "../../../src/core/geometry.ts";
import {
  barsKey,
  bufferBytes,
  inputBytes,
  inputFor,
  type InputPolicy,
  isSamePolicy,
  policyText,
} from "../../../src/core/model_input.ts";
import { fixedInput } from "../../support/models/inputs.ts";

function freeInput(maxPixels: number, stepPx = 32): InputPolicy {
  return { size: { kind: "free", maxPixels, stepPx }, placement: "centre", bars: 0.5 };
}

const WIDE = freeInput(640 * 384);
const side = fc.integer({ min: 1, max: 8192 });
const picture = fc.record({ width: side, height: side });
const budget = fc.integer({ min: 64 * 64, max: 1024 * 1024 });
const step = fc.constantFrom(16, 32, 64);

Deno.test("input: pictures of common shapes get these sizes", () => {
  const cases: [InputPolicy, string, string][] = [
    [WIDE, "1280x720", "640x384"],
    [WIDE, "3840x2160", "640x384"],
    [WIDE, "720x1280", "384x640"],
    [WIDE, "640x480", "576x416"],
    [WIDE, "2592x1944", "576x416"],
    [WIDE, "1024x1024", "480x480"],
    [WIDE, "3840x1080", "928x256"],
    [WIDE, "320x180", "640x384"],
    [freeInput(544 * 320), "1280x720", "544x320"],
    [freeInput(416 * 256), "1280x720", "416x256"],
    [fixedInput({ width: 300, height: 320 }), "1280x720", "300x320"],
  ];
  for (const [policy, shown, wanted] of cases) {
    const [width = 0, height = 0] = shown.split("x").map(Number);
    const { width: across, height: down } = inputFor(policy, { width, height });
    assert.equal(`${across}x${down}`, wanted, shown);
  }
});

Deno.test("input: a free one is within its bounds, and no other shows the picture larger", () => {
  fc.assert(fc.property(picture, budget, step, (size, maxPixels, stepPx) => {
    const policy = freeInput(maxPixels, stepPx);
    const chosen = inputFor(policy, size);
    const scaleOf = (width: number, height: number) =>
      Math.min(width / size.width, height / size.height);
    const best = scaleOf(chosen.width, chosen.height);
    const most = Math.max(maxPixels, 4 * stepPx ** 2);
    assert.ok(chosen.width % stepPx === 0 && chosen.height % stepPx === 0);
    assert.ok(chosen.width >= 2 * stepPx && chosen.height >= 2 * stepPx);
    assert.ok(chosen.width * chosen.height <= most, `${chosen.width}x${chosen.height}`);
    assert.ok(inputBytes(chosen) <= bufferBytes(policy));
    for (let width = 2 * stepPx; 2 * stepPx * width <= most; width += stepPx) {
      // The tallest of this width, and each that is smaller than the chosen one.
      const height = stepPx * Math.floor(most / width / stepPx);
      assert.ok(scaleOf(width, height) <= best * (1 + 1e-12), `${width}x${height} is larger`);
      const smaller = Math.ceil(chosen.width * chosen.height / width / stepPx - 1) * stepPx;
      if (smaller < 2 * stepPx) continue;
      assert.ok(scaleOf(width, smaller) < best * (1 - 1e-12), `${width}x${smaller} suffices`);
    }
  }));
});

Deno.test("input: a buffer holds every size of a policy, and nothing more", () => {
  assert.equal(bufferBytes(fixedInput({ width: 320, height: 192 })), 3 * 4 * 320 * 192);
  assert.equal(bufferBytes(WIDE), 3 * 4 * 640 * 384);
  assert.equal(bufferBytes(freeInput(640 * 384 + 1023)), 3 * 4 * 640 * 384);
});

Deno.test("input: policies are the same when all of their parts are", () => {
  const all: InputPolicy[] = [
    WIDE,
    freeInput(544 * 320),
    freeInput(640 * 384, 64),
    { ...WIDE, placement: "stretch" },
    { ...WIDE, bars: 0 },
    fixedInput({ width: 640, height: 384 }),
    fixedInput({ width: 384, height: 640 }),
    fixedInput({ width: 640, height: 640 }),
  ];
  all.forEach((one, index) => {
    all.forEach((other, place) => {
      assert.equal(isSamePolicy(one, structuredClone(other)), index === place);
    });
  });
});

Deno.test("input: bars are the same only where input, picture and grey are", () => {
  const crop = { x: 0, y: 0, width: 1280, height: 720 };
  const fits = [
    letterbox(crop, { width: 640, height: 384 }),
    letterbox(crop, { width: 640, height: 384 }, "top-left"),
    letterbox(crop, { width: 640, height: 384 }, "stretch"),
    letterbox(crop, { width: 640, height: 416 }, "top-left"),
    letterbox({ ...crop, height: 360 }, { width: 640, height: 384 }),
  ];
  const keys = fits.flatMap((fit) => [barsKey(fit, 0), barsKey(fit, 0.5)]);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(barsKey(structuredClone(fits[0] ?? assert.fail()), 0), keys[0]);
});

Deno.test("input: a policy is described in a few words", () => {
  assert.equal(policyText(WIDE), "auto, 640x384 at 16:9");
  assert.equal(policyText(fixedInput({ width: 320, height: 192 })), "320x192");
});
