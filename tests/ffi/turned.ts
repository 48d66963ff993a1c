/** What the tests of pictures that have to be turned share. */
import assert from "node:assert/strict";
import type { CameraSource } from "../../src/core/camera_types.ts";
import type { Libav } from "../../src/libav/library.ts";
import { PictureViews } from "../../src/stream/picture_views.ts";
import { type Clip, DEMO, ffmpeg } from "./support.ts";

export const SHOWN = { width: 192, height: 128 };
export const SOURCE = ["-ss", "2", "-i", DEMO, "-frames:v", "1"];
export const SCALE = `scale=${SHOWN.width}:${SHOWN.height},setsar=1`;

/** Arguments that make three pictures of H.264. */
export function h264(filters: string, ...more: string[]): string[] {
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "99", "-pix_fmt", "yuv420p"];
  return ["-ss", "2", "-i", DEMO, "-frames:v", "3", "-an", "-vf", filters, ...encode, ...more];
}

/** How the pictures of a clip are shown by Orion. */
export function viewsOf(
  libav: Libav,
  { input: { video } }: Clip,
  wish: Pick<CameraSource, "rotate" | "aspect"> = { rotate: 0, aspect: null },
): PictureViews {
  return new PictureViews({ libav, video, wish });
}

/** The first picture of a file as the ffmpeg program shows it. */
export function grey(path: string): Promise<Uint8Array> {
  return ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-");
}

/** Compression and rounding make 3 grey levels; a picture that is turned wrongly 30. */
export function assertLike(seen: Uint8Array, wanted: Uint8Array, what: string): void {
  assert.equal(seen.length, wanted.length, what);
  const off = seen.reduce((sum, level, at) => sum + Math.abs(level - (wanted[at] ?? NaN)), 0);
  assert.ok(off / seen.length < 8, `${what}: ${off / seen.length} grey levels off`);
}
