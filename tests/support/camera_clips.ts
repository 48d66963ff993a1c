/** Short clips as cameras would send them: each codec at each size, made out of the bundled clip. */
import assert from "node:assert/strict";
import type { BoxPx, SizePx } from "../../src/core/geometry.ts";
import { DEMO_CLIP } from "./files.ts";
import { programPath } from "./parts.ts";

/** Every second frame of the bundled clip, and so many of them: enough to see people move. */
const STEP = 2;
const FRAMES = 32;
const FPS = 12.5;
const KEYFRAME_INTERVAL = 16;

/** What cameras send. */
export const CODECS = ["h264", "h265", "mjpeg"] as const;
export type Codec = typeof CODECS[number];

/** A camera's picture, and where it shows the bundled clip's. */
export interface Shape {
  readonly size: SizePx;
  /** ffmpeg filters that make the picture out of the clip's 1280 × 720. */
  readonly filters: string;
  /** Where a box of the clip is in this picture. */
  readonly moved: (box: BoxPx) => BoxPx;
  /** Which of the clip's people can be seen: 0 the portrait, 1 the photographer. */
  readonly people: readonly number[];
}

/** Scales a box and then moves it. */
function placed(scale: number, dx = 0, dy = 0): (box: BoxPx) => BoxPx {
  return ({ x, y, width, height }) => ({
    x: x * scale + dx,
    y: y * scale + dy,
    width: width * scale,
    height: height * scale,
  });
}

export const SHAPES: readonly Shape[] = [
  {
    size: { width: 320, height: 240 },
    filters: "scale=320:180,pad=320:240:0:30",
    moved: placed(0.25, 0, 30),
    people: [0, 1],
  },
  { size: { width: 1280, height: 720 }, filters: "null", moved: placed(1), people: [0, 1] },
  {
    size: { width: 1920, height: 1080 },
    filters: "scale=1920:1080",
    moved: placed(1.5),
    people: [0, 1],
  },
  {
    // Around the photographer, with room above and below.
    size: { width: 1080, height: 1920 },
    filters: "crop=540:720:700:0,scale=1080:1440,pad=1080:1920:0:400",
    moved: placed(2, -1400, 400),
    people: [1],
  },
];

/** The H.265 has B-frames; MJPEG's tables are the ones that RTP takes for granted. */
const ENCODERS: Readonly<Record<Codec, string>> = {
  h264: `libx264 -preset ultrafast -crf 23 -g ${KEYFRAME_INTERVAL} -bf 0 -pix_fmt yuv420p`,
  h265: `libx265 -preset ultrafast -pix_fmt yuv420p -x265-params ` +
    `log-level=none:keyint=${KEYFRAME_INTERVAL}:open-gop=0:bframes=2:b-adapt=0`,
  mjpeg: "mjpeg -q:v 4 -huffman default -pix_fmt yuvj420p",
};

/** Makes the clips of one shape. @returns their paths */
export async function makeCameraClips(
  { filters, size }: Shape,
  folder: string,
): Promise<ReadonlyMap<Codec, string>> {
  const chosen = `select=not(mod(n\\,${STEP})),setpts=N/(${FPS}*TB)`;
  const labels = CODECS.map((codec) => `[${codec}]`).join("");
  const args = ["-v", "error", "-i", DEMO_CLIP, "-filter_complex"];
  args.push(`${chosen},${filters},split=${CODECS.length}${labels}`);
  const paths = new Map<Codec, string>();
  for (const codec of CODECS) {
    const path = `${folder}/${size.width}x${size.height}-${codec}.mp4`;
    args.push("-map", `[${codec}]`, "-frames:v", `${FRAMES}`, "-r", `${FPS}`);
    args.push("-c:v", ...ENCODERS[codec].split(" "), path);
    paths.set(codec, path);
  }
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args,
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return paths;
}

/** The frame of the bundled clip that such a clip shows at a time, played in a loop from its start. */
export function shownFrame(ptsSeconds: number): number {
  return Math.round(ptsSeconds * FPS) % FRAMES * STEP;
}
