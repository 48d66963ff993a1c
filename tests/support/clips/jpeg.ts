/** What is in a JPEG, for tests. */
import assert from "node:assert/strict";
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import { tempFolder } from "../system/files.ts";
import { ffmpeg } from "./ffmpeg.ts";

/** Width and height from a JPEG's frame header. */
export function jpegSize(bytes: Uint8Array<ArrayBuffer>): SizePx {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 2; at < bytes.length; at += 2 + view.getUint16(at + 2)) {
    if (bytes[at + 1] !== 0xc0) continue;
    return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return assert.fail("a JPEG without a frame header");
}

/** The side of the small pictures that are compared, in pixels. */
const SIDE = 24;

/** A file of pictures, and which part of which of them. */
export interface PartOfFrame {
  readonly path: string;
  readonly frame: number;
  readonly part: BoxPx;
}

/** A picture scaled to {@link SIDE}² pixels of red, green and blue, as ffmpeg decodes it. */
export async function small({ path, frame, part }: PartOfFrame): Promise<Uint8Array> {
  const { x, y, width, height } = part;
  const filters =
    `select=eq(n\\,${frame}),crop=${width}:${height}:${x}:${y}:exact=1,format=rgb24,` +
    `scale=${SIDE}:${SIDE}:flags=area`;
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
  const pixels = await ffmpeg("-i", path, "-vf", filters, "-frames:v", "1", ...raw);
  assert.equal(pixels.length, 3 * SIDE * SIDE, `frame ${frame} of ${path}`);
  return pixels;
}

/** The mean difference of two such pictures, in levels of 255. */
export function difference(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, level, at) => sum + Math.abs(level - (other[at] ?? 0)), 0) / one.length;
}

/** The pixels of a JPEG by ffmpeg: grey levels, or red, green and blue of each pixel. */
export async function decodeJpeg(
  jpeg: ArrayBuffer | Uint8Array<ArrayBuffer>,
  format: "gray" | "rgb24",
): Promise<Uint8Array> {
  using folder = tempFolder();
  const path = `${folder.path}/picture.jpg`;
  await Deno.writeFile(path, new Uint8Array(jpeg));
  return await ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", format, "-");
}
