import assert from "node:assert/strict";
import { inspectorFor } from "../../../../src/stream/bounds/codecs.ts";
import type { Inspector } from "../../../../src/stream/bounds/inspector.ts";
import { av1, jpeg, mpeg4, vp8, vp9 } from "../../../support/clips/coded/others.ts";

const SIZE = { width: 640, height: 360 };
const MAX_PIXELS = SIZE.width * SIZE.height;
const REFUSED = { code: "STREAM_PICTURE_REFUSED" };

function look(one: Inspector, bytes: readonly number[]): void {
  one.packet(Uint8Array.from(bytes), bytes.length);
}

type Writer = (size: { readonly width: number; readonly height: number }) => number[];

const CODECS: readonly (readonly [string, Writer])[] = [
  ["mjpeg", (size) => jpeg(size)],
  ["mjpeg", (size) => jpeg(size, 10, 0xc2)],
  ["mpeg4", (size) => mpeg4(size)],
  ["vp8", vp8],
  ["vp9", (size) => vp9(size)],
  ["vp9", (size) => vp9(size, 1)],
  ["vp9", (size) => vp9(size, 2)],
  ["av1", (size) => av1(size)],
];

for (const [index, [codec, write]] of CODECS.entries()) {
  Deno.test(`bounds: the size of ${codec} pictures is read from their headers (${index})`, () => {
    const one = inspectorFor(codec, MAX_PIXELS);
    look(one, write(SIZE));
    assert.equal(one.pixels, MAX_PIXELS);
    look(one, write({ width: 360, height: 360 }));
    assert.equal(one.pixels, 360 * 360);
    assert.equal(one.sizeChanges, 1);
    assert.throws(() => look(one, write({ width: 641, height: 360 })), {
      code: "STREAM_TOO_LARGE",
    });
    // Truncated headers neither throw nor exceed the bounds.
    const bytes = write(SIZE);
    for (let end = 0; end < bytes.length; end++) look(one, bytes.slice(0, end));
  });
}

Deno.test("bounds: MPEG-4 and AV1 sizes in extradata are checked as well", () => {
  const large = { width: 1280, height: 720 };
  for (const [codec, bytes] of [["mpeg4", mpeg4(large)], ["av1", av1(large)]] as const) {
    const one = inspectorFor(codec, MAX_PIXELS);
    assert.throws(() => one.extradata(Uint8Array.from(bytes)), { code: "STREAM_TOO_LARGE" });
  }
  const record = inspectorFor("av1", MAX_PIXELS);
  record.extradata(Uint8Array.from([0x81, 0, 0, 0, ...av1(SIZE)]));
  assert.equal(record.pixels, MAX_PIXELS);
});

Deno.test("bounds: packets that decode a picture many times are refused", () => {
  assert.throws(() => look(inspectorFor("mjpeg", MAX_PIXELS), jpeg(SIZE, 65)), REFUSED);
  assert.throws(() => look(inspectorFor("mpeg4", MAX_PIXELS), mpeg4(SIZE, 5)), REFUSED);
  assert.throws(() => look(inspectorFor("av1", MAX_PIXELS), av1(SIZE, 33)), REFUSED);
  const three = [...jpeg(SIZE), ...jpeg(SIZE), ...jpeg(SIZE)];
  assert.throws(() => look(inspectorFor("mjpeg", MAX_PIXELS), three), REFUSED);
  look(inspectorFor("mjpeg", MAX_PIXELS), [...jpeg(SIZE), ...jpeg(SIZE)]);
});

Deno.test("bounds: unsupported JPEG processes are refused", () => {
  for (const kind of [0xc3, 0xc9, 0xf7]) {
    assert.throws(() => look(inspectorFor("mjpeg", MAX_PIXELS), jpeg(SIZE, 1, kind)), {
      code: "STREAM_INVALID",
    });
  }
});

Deno.test("bounds: unsupported codecs are refused", () => {
  for (const codec of ["gif", "png", "prores", "hevc2", "mjpegb", ""]) {
    assert.throws(() => inspectorFor(codec, MAX_PIXELS), { code: "STREAM_CODEC" });
  }
});
