/** A clip that numbers its frames, and what JPEGs of them show, for tests of a capture worker. */
import assert from "node:assert/strict";
import type { RawClip } from "../cameras/rtp_h264.ts";
import { decodeJpeg } from "../clips/jpeg.ts";
import { PATTERN_SIZE, patternClip } from "../clips/pattern.ts";

let encoded: Promise<RawClip> | null = null;
/** Ten seconds with a keyframe in each, encoded once. */
export function clip(): Promise<RawClip> {
  return encoded ??= patternClip(250, ["-bf", "0", "-g", "25"]);
}

/** The grey levels of a JPEG, 0..1, of the size of the clip. */
export async function greyLevels(jpeg: ArrayBuffer): Promise<Float32Array> {
  const levels = await decodeJpeg(jpeg, "gray");
  assert.equal(levels.length, PATTERN_SIZE.width * PATTERN_SIZE.height);
  return Float32Array.from(levels, (level) => level / 255);
}
