import fc from "fast-check";
import assert from "node:assert/strict";
import { BitReader } from "../../../../src/rtsp/bitstream/bit_reader.ts";
import {
  h264RecoveryFrames,
  h264RefIdc,
  h264Type,
  h265RecoveryPictures,
  h265Type,
  isH264Aud,
  isH264FirstSlice,
  isH264ParameterSet,
  isH264Vcl,
  isH265Aud,
  isH265FirstSlice,
  isH265Irap,
  isH265ParameterSet,
  isH265Radl,
  isH265Rasl,
  isH265Vcl,
} from "../../../../src/rtsp/bitstream/nal.ts";
import {
  BitWriter,
  escaped,
  H264_SEI,
  h264RecoverySei,
  h264Slice,
  h265RecoverySei,
} from "../../../support/cameras/rtp/nals.ts";

function readerOf(bytes: readonly number[] | Uint8Array, start = 0): BitReader {
  const reader = new BitReader();
  reader.set(Uint8Array.from(bytes), start, bytes.length);
  return reader;
}

/** The types below `count` that satisfy the predicate. */
function types(count: number, holds: (type: number) => boolean): number[] {
  return Array.from({ length: count }, (_, type) => type).filter(holds);
}

Deno.test("rtsp: types of H.264 NAL units are those of table 7-1", () => {
  assert.deepEqual(types(32, isH264Vcl), [1, 2, 3, 4, 5]);
  assert.deepEqual(types(32, isH264ParameterSet), [7, 8, 13, 15]);
  assert.deepEqual(types(32, isH264Aud), [9]);
  assert.deepEqual([h264Type(0x67), h264RefIdc(0x67)], [7, 3]);
  assert.deepEqual([h264Type(0x01), h264RefIdc(0x01)], [1, 0]);
  assert.equal(isH264FirstSlice(h264Slice()[1] ?? 0), true);
  assert.equal(isH264FirstSlice(h264Slice({ isFirst: false })[1] ?? 0), false);
});

Deno.test("rtsp: types of H.265 NAL units are those of table 7-1", () => {
  assert.deepEqual(types(64, isH265Vcl), types(32, () => true));
  assert.deepEqual(types(64, isH265Irap), [16, 17, 18, 19, 20, 21, 22, 23]);
  assert.deepEqual(types(64, isH265ParameterSet), [32, 33, 34]);
  assert.deepEqual(types(64, isH265Aud), [35]);
  assert.deepEqual(types(64, isH265Radl), [6, 7]);
  assert.deepEqual(types(64, isH265Rasl), [8, 9]);
  assert.equal(h265Type(0x42), 33);
  assert.equal(isH265FirstSlice(0x80), true);
  assert.equal(isH265FirstSlice(0x7f), false);
});

Deno.test("rtsp: numbers round-trip through bits with emulation prevention", () => {
  const number = fc.record({
    kind: fc.constantFrom("ue", "se", "bits"),
    value: fc.integer({ min: 0, max: 70000 }),
  });
  fc.assert(fc.property(fc.array(number, { minLength: 1, maxLength: 30 }), (numbers) => {
    const writer = new BitWriter();
    for (const { kind, value } of numbers) {
      if (kind === "ue") writer.ue(value);
      else if (kind === "se") writer.se(value - 35000);
      else writer.bits(value, 17);
    }
    const reader = readerOf(escaped(writer.ended()));
    for (const { kind, value } of numbers) {
      if (kind === "ue") assert.equal(reader.ue(), value);
      else if (kind === "se") assert.equal(reader.se(), value - 35000);
      else assert.equal(reader.bits(17), value);
    }
    assert.equal(reader.isPast, false);
  }));
});

Deno.test("rtsp: reading beyond the end is flagged, and terminates", () => {
  const reader = readerOf([0, 0, 0]);
  assert.equal(reader.ue(), 0);
  assert.equal(reader.isPast, true);
  const long = readerOf(Array(40).fill(0));
  assert.equal(long.ue(), 0);
  assert.equal(long.isPast, true, "no number has so many zeros");
  const short = readerOf([0xff]);
  short.bits(9);
  assert.equal(short.isPast, true);
});

Deno.test("rtsp: a recovery point is found among other SEI messages", () => {
  for (const frames of [0, 1, 12, 255, 3000]) {
    assert.equal(h264RecoveryFrames(readerOf(h264RecoverySei(frames), 1)), frames);
    assert.equal(h265RecoveryPictures(readerOf(h265RecoverySei(frames), 2)), frames);
  }
  assert.equal(h265RecoveryPictures(readerOf(h265RecoverySei(-4), 2)), 0);
  assert.equal(h264RecoveryFrames(readerOf(H264_SEI, 1)), -1);
});

Deno.test("rtsp: truncated or endless SEI has no recovery point", () => {
  const whole = h264RecoverySei(9);
  // Only the bits after the number: the rest of the message, and the trailing bits.
  for (let end = 1; end <= whole.length - 3; end++) {
    assert.equal(h264RecoveryFrames(readerOf(whole.subarray(0, end), 1)), -1, `${end} bytes`);
  }
  assert.equal(h264RecoveryFrames(readerOf(Array(300).fill(255))), -1);
  assert.equal(h264RecoveryFrames(readerOf([5, 255, 255, 255, 1, 2])), -1);
});
