import assert from "node:assert/strict";
import { isDisposable } from "../../src/libav/disposable.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

const CASES: readonly (readonly [string, string, Uint8Array, boolean])[] = [
  ["a slice that is referred to", "h264", bytes(0, 0, 0, 1, 0x41, 9), false],
  ["a non-reference slice", "h264", bytes(0, 0, 0, 1, 0x01, 9), true],
  ["the same behind a short start code", "h264", bytes(0, 0, 1, 0x01, 9), true],
  [
    "a delimiter and a notice first",
    "h264",
    bytes(0, 0, 1, 9, 16, 0, 0, 1, 6, 5, 0, 0, 1, 1),
    true,
  ],
  ["a keyframe", "h264", bytes(0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 8), false],
  ["lengths instead of start codes", "h264", bytes(0, 0, 0, 2, 9, 16, 0, 0, 0, 9, 0x01, 3), true],
  ["lengths, and referred to", "h264", bytes(0, 0, 0, 2, 9, 16, 0, 0, 0, 9, 0x61, 3), false],
  ["a slice beyond the given bytes", "h264", bytes(0, 0, 0, 200, 6, 1, 2), false],
  ["a codec that does not say", "hevc", bytes(0, 0, 0, 1, 0x00, 1), false],
  ["nothing at all", "h264", bytes(), false],
];

for (const [what, codec, head, wanted] of CASES) {
  Deno.test(`disposable: ${what}`, () => assert.equal(isDisposable(codec, head), wanted));
}
