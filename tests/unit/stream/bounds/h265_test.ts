import assert from "node:assert/strict";
import { H265Inspector } from "../../../../src/stream/bounds/h265.ts";
import { annexB } from "../../../support/clips/coded/h264.ts";
import {
  h265Pps,
  type H265PpsOptions,
  h265Segment,
  type H265SegmentOptions,
  h265Sps,
} from "../../../support/clips/coded/h265.ts";

/** 10 by 6 blocks of 64, with addresses of six bits. */
const SIZE = { width: 640, height: 384 };
const REFUSED = { code: "STREAM_PICTURE_REFUSED" };
const TOO_LARGE = { code: "STREAM_TOO_LARGE" };
const INVALID = { code: "STREAM_INVALID" };

function inspector(pps: H265PpsOptions = {}, maxPixels = 8192 * 4320): H265Inspector {
  const one = new H265Inspector(maxPixels);
  one.extradata(annexB([32 << 1, 1, 0x0c], h265Sps(SIZE), h265Pps(pps)));
  return one;
}

function look(one: H265Inspector, ...units: readonly (readonly number[])[]): void {
  const bytes = annexB(...units);
  one.packet(bytes, bytes.length);
}

function segments(addresses: readonly number[], more: H265SegmentOptions = {}): number[][] {
  return addresses.map((address) =>
    h265Segment(address === 0 ? more : { ...more, address, addressBits: 6 })
  );
}

Deno.test("bounds: an H.265 picture may be as large as allowed, excluding its padding to blocks", () => {
  const maxPixels = 1920 * 1080;
  const padded = h265Sps({
    width: 1920,
    height: 1088,
    crop: { right: 0, bottom: 8 },
    subLayers: 2,
  });
  const one = inspector({}, maxPixels);
  look(one, padded, h265Segment({ type: 19 }));
  assert.equal(one.pixels, 1920 * 1088);
  assert.equal(one.sizeChanges, 0);
  assert.throws(() => look(one, h265Sps({ width: 1920, height: 1088 })), TOO_LARGE);
  assert.throws(() => look(one, h265Sps({ width: 16_384, height: 16_000, id: 5 })), TOO_LARGE);
  const cropped = h265Sps({ width: 8192, height: 4320, crop: { right: 8000, bottom: 4000 } });
  assert.throws(() => look(one, cropped), TOO_LARGE);
});

Deno.test("bounds: the reference pictures of H.265 must fit into memory", () => {
  const one = inspector();
  const large = { width: 8192, height: 4320 };
  look(one, h265Sps({ ...large, pictures: 6 }));
  assert.throws(() => look(one, h265Sps({ ...large, pictures: 7 })), TOO_LARGE);
});

Deno.test("bounds: the tables of H.265 parameter sets must fit into memory", () => {
  const one = inspector();
  look(one, h265Sps({ width: 8192, height: 4320, log2Block: 4 }));
  const sets = Array.from({ length: 16 }, (_, id) => h265Pps({ id }));
  look(one, ...sets.slice(0, 7));
  assert.throws(() => look(one, ...sets), REFUSED);
});

Deno.test("bounds: the segments of an H.265 picture must ascend", () => {
  const one = inspector();
  look(one, ...segments([0, 10, 20, 59]));
  look(one, ...segments([10, 20]));
  look(one, ...segments([0, 10], { type: 19 }));
  assert.throws(() => look(one, ...segments([0, 10, 10])), REFUSED);
  assert.throws(() => look(one, ...segments([0, 20, 10])), REFUSED);
  assert.throws(() => look(one, ...segments([0, 0])), REFUSED, "two pictures in one packet");
});

Deno.test("bounds: dependent segments have an address as well", () => {
  const one = inspector({ hasDependent: true });
  const dependent = (address: number) => h265Segment({ address, addressBits: 6, dependent: true });
  look(one, h265Segment(), dependent(10), dependent(11));
  assert.throws(() => look(one, h265Segment(), dependent(11), dependent(11)), REFUSED);
});

Deno.test("bounds: with tiles the segments ascend in tile order", () => {
  // Columns of 5 and 5 blocks, rows of 3 and 3.
  const one = inspector({ tiles: { columns: 2, rows: 2 } });
  look(one, ...segments([0, 20, 5, 25, 30, 50, 35]));
  assert.throws(() => look(one, ...segments([0, 5, 20])), REFUSED);
  assert.throws(() => look(one, ...segments([0, 5, 30, 25])), REFUSED);
  // Columns of 2, 3 and 5 blocks, rows of 1 and 5.
  const other = inspector({ tiles: { columns: [2, 3], rows: [1] } });
  look(other, ...segments([0, 1, 2, 4, 5, 9, 10, 50, 12, 15, 55]));
  assert.throws(() => look(other, ...segments([0, 10, 9])), REFUSED);
});

Deno.test("bounds: an H.265 picture may have the segments of its level, or one per network packet", () => {
  const one = inspector();
  look(one, h265Sps({ ...SIZE, log2Block: 4 }));
  const addresses = (count: number) => Array.from({ length: count }, (_, index) => index);
  const many = (count: number, bytes: number) =>
    addresses(count).map((address) => [
      ...h265Segment(address === 0 ? {} : { address, addressBits: 10 }),
      ...Array(bytes).fill(7),
    ]);
  look(one, ...many(20, 0));
  assert.equal(one.isFinelySliced, true);
  assert.throws(() => look(one, ...many(40, 0)), REFUSED);
  look(one, ...many(200, 1300));
  assert.equal(one.isFinelySliced, false);
  assert.throws(() => look(one, ...many(700, 600)), REFUSED, "more than any level allows");
});

Deno.test("bounds: slices with missing or truncated H.265 parameter sets are refused", () => {
  const one = inspector();
  assert.throws(() => look(one, h265Segment({ pictureSet: 3 })), INVALID);
  look(one, h265Pps({ id: 3 }), h265Segment({ pictureSet: 3 }));
  look(one, h265Pps({ id: 3 }).slice(0, 3));
  assert.throws(() => look(one, h265Segment()), INVALID);
  // Enhancement layers are ignored.
  look(one, h265Pps(), h265Segment(), h265Segment({ layer: 1 }), h265Segment({ layer: 1 }));
});

Deno.test("bounds: H.265 in MP4 format is inspected as well", () => {
  const one = new H265Inspector(8192 * 4320);
  const arrays = [h265Sps(SIZE), h265Pps()].flatMap((set, index) => [
    ...[33 + index, 0, 1, 0, set.length],
    ...set,
  ]);
  one.extradata(Uint8Array.from([1, ...Array(20).fill(0), 3, 2, ...arrays]));
  const unit = h265Segment({ type: 19 });
  one.packet(Uint8Array.from([0, 0, 0, unit.length, ...unit]), unit.length + 4);
  assert.equal(one.pixels, SIZE.width * SIZE.height);
});
