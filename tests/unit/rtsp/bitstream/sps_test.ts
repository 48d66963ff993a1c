import assert from "node:assert/strict";
import { codedSize } from "../../../../src/rtsp/bitstream/sps.ts";

function annexB(base64: string): Uint8Array {
  return Uint8Array.from([0, 0, 0, 1, ...Uint8Array.fromBase64(base64)]);
}

/** Made by ffmpeg with x264 and x265. */
const SETS = [
  {
    codec: "h264",
    set: "Z/QAH5GbKAoAt2AiAAADAAIAAAMAZB4wYyw=",
    size: { width: 1280, height: 720 },
  },
  {
    codec: "h264",
    set: "Z0LAH9kAUAW7ARAAAAMAEAAAAwMg8YMkgA==",
    size: { width: 1280, height: 720 },
  },
  // 360 is no multiple of 16: the coded size is that before cropping.
  { codec: "h264", set: "Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==", size: { width: 640, height: 368 } },
  {
    codec: "hevc",
    set: "QgEBAWAAAAMAkAAAAwAAAwBdoAKAgC0WWVmkkyvAWgIAAAMAAgAAAwAyEA==",
    size: { width: 1280, height: 720 },
  },
  {
    codec: "hevc",
    set: "QgEBAWAAAAMAkAAAAwAAAwA8oAsIBIWWVmkkyvAWgIAAAAMAgAAADIQ=",
    size: { width: 352, height: 288 },
  },
] as const;

Deno.test("rtsp: an SPS has the size of the pictures", () => {
  for (const { codec, set, size } of SETS) {
    assert.deepEqual(codedSize(codec, annexB(set)), size);
  }
});

Deno.test("rtsp: without an SPS there is no size", () => {
  assert.equal(codedSize("h264", new Uint8Array()), null);
  assert.equal(codedSize("h264", Uint8Array.of(0, 0, 0, 1, 0x67)), null);
  assert.equal(codedSize("hevc", new Uint8Array(64).fill(255)), null);
  assert.equal(codedSize("mjpeg", annexB(SETS[0].set)), null);
});
