/** Helpers of the tests of display orientation. */
import assert from "node:assert/strict";
import type { CameraSource } from "../../src/core/camera_types.ts";
import { ORIENTATIONS } from "../../src/core/display.ts";
import type { Libav } from "../../src/libav/library.ts";
import { FrameViews } from "../../src/stream/frame_views.ts";
import { codedBy } from "../support/clips/orientation.ts";
import { type Clip, ffmpeg, type TempFolder, TWO_PEOPLE } from "./support.ts";

export const SHOWN = { width: 192, height: 128 };
export const SOURCE = ["-ss", "2", "-i", TWO_PEOPLE, "-frames:v", "1"];
export const SCALE = `scale=${SHOWN.width}:${SHOWN.height},setsar=1`;

/** The same image, coded losslessly in each orientation, with full chroma resolution. */
export async function turnedPictures(folder: TempFolder, scale = SCALE): Promise<string[]> {
  const outputs = ORIENTATIONS.flatMap((orientation) => [
    ...["-frames:v", "1", "-vf", `${scale},format=yuv444p,${codedBy(orientation)}`],
    ...["-c:v", "rawvideo", `${folder.path}/${orientation.index}.nut`],
  ]);
  await ffmpeg("-ss", "2", "-i", TWO_PEOPLE, ...outputs);
  return ORIENTATIONS.map(({ index }) => `${folder.path}/${index}.nut`);
}

/** ffmpeg arguments that encode three frames of H.264. */
export function h264(filters: string, ...more: string[]): string[] {
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "99", "-pix_fmt", "yuv420p"];
  return [
    "-ss",
    "2",
    "-i",
    TWO_PEOPLE,
    "-frames:v",
    "3",
    "-an",
    "-vf",
    filters,
    ...encode,
    ...more,
  ];
}

/** The views that Orion derives for a clip. */
export function viewsOf(
  libav: Libav,
  { input: { video } }: Clip,
  wish: Pick<CameraSource, "rotate" | "aspect"> = { rotate: 0, aspect: null },
): FrameViews {
  return new FrameViews({ libav, video, wish });
}

/** The first frame of a file as the ffmpeg program displays it. */
export function grey(path: string): Promise<Uint8Array> {
  return ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-");
}

/** Compression and rounding cause 3 grey levels; a wrong orientation 30. */
export function assertLike(seen: Uint8Array, wanted: Uint8Array, what: string): void {
  assert.equal(seen.length, wanted.length, what);
  const off = seen.reduce((sum, level, at) => sum + Math.abs(level - (wanted[at] ?? NaN)), 0);
  assert.ok(off / seen.length < 8, `${what}: ${off / seen.length} grey levels off`);
}
