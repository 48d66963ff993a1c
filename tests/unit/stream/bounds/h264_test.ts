import assert from "node:assert/strict";
import { H264Inspector } from "../../../../src/stream/bounds/h264.ts";
import {
  annexB,
  idrSlice,
  interSlice,
  pps,
  skippedBlocks,
  type SliceOptions,
  sps,
} from "../../../support/clips/coded/h264.ts";

const VGA = { width: 640, height: 480 };
const HD = { width: 1920, height: 1088, crop: { right: 0, bottom: 8 } };
const REFUSED = { code: "STREAM_PICTURE_REFUSED" };
const TOO_LARGE = { code: "STREAM_TOO_LARGE" };
const INVALID = { code: "STREAM_INVALID" };

function inspector(maxPixels = 1920 * 1080, ...sets: readonly number[][]): H264Inspector {
  const made = new H264Inspector(maxPixels);
  if (sets.length > 0) look(made, ...sets);
  return made;
}

function look(one: H264Inspector, ...units: readonly (readonly number[])[]): void {
  const bytes = annexB(...units);
  one.packet(bytes, bytes.length);
}

function slices(blocks: readonly number[], options: SliceOptions = {}): number[][] {
  return blocks.map((firstBlock) => interSlice({ ...options, firstBlock }));
}

Deno.test("bounds: an H.264 picture may be as large as allowed, excluding its padding to blocks", () => {
  const one = inspector();
  look(one, sps(HD), pps(), idrSlice());
  assert.equal(one.pixels, 1920 * 1088);
  assert.throws(() => inspector(1920 * 1080 - 1, sps(HD)), TOO_LARGE);
});

Deno.test("bounds: a heavily cropped H.264 picture counts with its coded size", () => {
  const crop = { right: 16_000, bottom: 15_900 };
  assert.throws(
    () => inspector(8192 * 4320, sps({ width: 16_384, height: 16_000, crop })),
    TOO_LARGE,
  );
  assert.throws(
    () => inspector(2 ** 40, sps({ width: 17_008, height: 16 })),
    TOO_LARGE,
    "one side",
  );
});

Deno.test("bounds: an H.264 stream may not become too large later, nor in its extradata", () => {
  const one = inspector(VGA.width * VGA.height, sps(VGA), pps());
  look(one, idrSlice());
  const larger = sps({ ...VGA, width: 656, id: 3 });
  assert.throws(() => look(one, larger, idrSlice()), TOO_LARGE);
  assert.throws(() => one.extradata(annexB(larger)), TOO_LARGE);
});

Deno.test("bounds: the reference pictures of H.264 must fit into memory", () => {
  const large = { width: 8192, height: 4320 };
  inspector(8192 * 4320, sps({ ...large, pictures: 5 }));
  assert.throws(() => inspector(8192 * 4320, sps({ ...large, pictures: 7 })), TOO_LARGE);
  inspector(8192 * 4320, sps({ ...VGA, pictures: 16 }));
  assert.throws(() => inspector(8192 * 4320, sps({ ...VGA, pictures: 17 })), TOO_LARGE);
});

Deno.test("bounds: the slices of an H.264 frame must ascend", () => {
  const one = inspector(HD.width * HD.height, sps(VGA), pps());
  look(one, ...slices([0, 40, 80]));
  look(one, ...slices([40, 80]));
  assert.throws(() => look(one, ...slices([0, 40, 40])), REFUSED);
  assert.throws(() => look(one, ...slices([0, 80, 40])), REFUSED, "arbitrary slice order");
  assert.throws(() => look(one, ...slices([0, 0])), REFUSED, "two pictures in one packet");
});

Deno.test("bounds: an H.264 frame may be two fields, each once", () => {
  const one = inspector(HD.width * HD.height, sps({ ...VGA, hasFields: true }), pps());
  const top = slices([0, 40], { field: "top" });
  const bottom = slices([0, 40], { field: "bottom" });
  look(one, ...top, ...bottom);
  look(one, ...bottom, ...top);
  look(one, ...slices([0, 40]));
  assert.throws(() => look(one, ...top, ...top), REFUSED);
  assert.throws(() => look(one, ...top, ...bottom, ...top), REFUSED);
  assert.throws(() => look(one, ...top, ...bottom.slice(1)), REFUSED);
});

Deno.test("bounds: an H.264 picture may have a slice per row, or per network packet", () => {
  const one = inspector(HD.width * HD.height, sps(VGA), pps());
  const blocks = (count: number) => Array.from({ length: count }, (_, index) => index);
  look(one, ...slices(blocks(30)));
  assert.equal(one.isFinelySliced, true);
  assert.throws(() => look(one, ...slices(blocks(40))), REFUSED);
  const full = blocks(200).map((
    firstBlock,
  ) => [...interSlice({ firstBlock }), ...Array(1200).fill(7)]);
  look(one, ...full);
  assert.equal(one.isFinelySliced, false);
});

Deno.test("bounds: H.264 slices are parsed with the parameter sets that they refer to", () => {
  const one = inspector(
    HD.width * HD.height,
    ...[sps(VGA), sps({ ...HD, id: 2, hasFields: true }), pps(), pps(7, 2)],
  );
  look(one, idrSlice());
  assert.equal(one.pixels, 640 * 480);
  const field = { pictureSet: 7, field: "top" } as const;
  look(one, interSlice(field), interSlice({ ...field, field: "bottom" }));
  assert.equal(one.pixels, 1920 * 1088);
  assert.equal(one.sizeChanges, 1);
  assert.throws(() => look(one, interSlice({ pictureSet: 5 })), INVALID);
  // A truncated one may have replaced any.
  look(one, sps(HD).slice(0, 5));
  assert.throws(() => look(one, idrSlice()), INVALID);
  look(one, sps(VGA), idrSlice());
});

Deno.test("bounds: other NAL units than slices are limited as well", () => {
  const one = inspector(HD.width * HD.height, sps(VGA), pps());
  const sets = [sps(VGA), pps()];
  // GStreamer repeats them like this.
  look(
    one,
    ...slices(Array.from({ length: 30 }, (_, row) => 40 * row)).flatMap((s) => [...sets, s]),
  );
  assert.throws(() => look(one, ...Array.from({ length: 400 }, () => pps()), idrSlice()), REFUSED);
});

Deno.test("bounds: H.264 in MP4 format is inspected as well", () => {
  const one = new H264Inspector(VGA.width * VGA.height);
  const set = sps(VGA);
  const picture = pps();
  const record = [
    1,
    66,
    0,
    62,
    0xff,
    0xe1,
    0,
    set.length,
    ...set,
    1,
    0,
    picture.length,
    ...picture,
  ];
  one.extradata(Uint8Array.from(record));
  const sized = (...units: readonly number[][]) =>
    Uint8Array.from(units.flatMap((unit) => [0, 0, unit.length >> 8, unit.length & 255, ...unit]));
  const send = (bytes: Uint8Array) => one.packet(bytes, bytes.length);
  send(sized(idrSlice()));
  assert.equal(one.pixels, 640 * 480);
  assert.throws(() => send(sized(...slices([0, 40, 40]))), REFUSED);
  assert.throws(() => send(sized(sps({ ...VGA, width: 656 }))), TOO_LARGE);
  assert.throws(() => send(sized(idrSlice()).subarray(0, 7)), INVALID, "truncated");
  const hidden = [...interSlice(), 0, 0, 1, ...interSlice()];
  assert.throws(() => send(sized(hidden)), INVALID, "a start code within a unit");
});

Deno.test("bounds: an H.264 picture of skipped macroblocks is allowed", () => {
  const one = inspector(HD.width * HD.height, sps(VGA), pps());
  look(one, interSlice({ data: skippedBlocks(1200) }));
});
