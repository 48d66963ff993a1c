/** Frames of the clip of two people, converted to network inputs by the ffmpeg program, not by Orion's code. */
import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import { type BoxPx, type InputFit, letterbox, type SizePx } from "../../../src/core/geometry.ts";

/** Paths of the clip, of what it shows, and of the bundled models. */
export const BUNDLED = {
  clip: bundled("tests/support/clips/two_people/clip.mp4"),
  truth: bundled("tests/support/clips/two_people/boxes.json"),
  person: bundled("models/nanodet-g.onnx"),
  personInt8: bundled("models/nanodet-g-int8.onnx"),
} as const;

function bundled(path: string): string {
  return Deno.realPathSync(new URL(`../../../${path}`, import.meta.url));
}

/**
 * Boxes of the people in a frame of a clip, in pixels of its 1280 × 720.
 * @param path the file that says where they are; default: that of the clip of two people
 */
export async function peopleInClip(frame: number, path: string = BUNDLED.truth): Promise<BoxPx[]> {
  const truth: {
    frames: { persons: { box: [number, number, number, number] }[] }[];
  } = JSON.parse(await Deno.readTextFile(path));
  const persons = truth.frames[frame]?.persons ?? [];
  return persons.map(({ box: [x1, y1, x2, y2] }) => ({
    x: x1,
    y: y1,
    width: x2 - x1,
    height: y2 - y1,
  }));
}

/**
 * Converts one frame of the clip into a network input.
 * @param frame     counted from 0
 * @param transform ffmpeg filters that make the source frame from the clip's; empty for none
 * @param crop      the part of that source frame to convert
 * @param path      the clip; default: that of two people
 */
export async function clipTensor(
  frame: number,
  transform: string,
  crop: BoxPx,
  input: SizePx,
  path: string = BUNDLED.clip,
): Promise<{ tensor: ArrayBuffer; fit: InputFit }> {
  const fit = letterbox(crop, input);
  const filters = [
    `select=eq(n\\,${frame})`,
    ...(transform === "" ? [] : [transform]),
    `crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}`,
    `scale=${fit.width}:${fit.height}:flags=bilinear`,
    "format=rgb24",
    `pad=${input.width}:${input.height}:${fit.dx}:${fit.dy}:color=0x727272`,
  ].join(",");
  const { code, stdout, stderr } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-threads", "1", "-i", path, "-vf", filters]
      .concat(["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]),
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return { tensor: planes(stdout, input), fit };
}

/** Interleaved RGB bytes as three planes of float32 in 0..1. */
function planes(rgb: Uint8Array, size: SizePx): ArrayBuffer {
  const area = size.width * size.height;
  assert.equal(rgb.length, 3 * area);
  const out = new Float32Array(3 * area);
  for (let at = 0; at < rgb.length; at++) {
    out[(at % 3) * area + Math.floor(at / 3)] = (rgb[at] ?? 0) / 255;
  }
  return out.buffer;
}

/** Frame metadata for tests that ignore most of it. */
export function frameMeta(
  given: Pick<FrameMeta, "camera" | "seq" | "size" | "fit"> & Partial<FrameMeta>,
): FrameMeta {
  return {
    keyframe: false,
    ptsSeconds: given.seq / 25,
    capturedAtMs: wallMs(0),
    clock: "file",
    roi: null,
    queueMs: 0,
    convertMs: 0,
    dropsSinceLast: 0,
    ...given,
  };
}
