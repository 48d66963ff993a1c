/** Short clips in the codecs and sizes of cameras, made from the clip of two people. */
import assert from "node:assert/strict";
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import { type CameraClip, h264Clip, h265Clip } from "../cameras/faulty_camera/clip.ts";
import { TWO_PEOPLE_CLIP } from "../system/files.ts";
import { programPath } from "../system/parts.ts";
import { ffmpeg } from "./ffmpeg.ts";

/** Number of frames, of which each is every second one of the clip of two people: enough for people to move. */
const STEP = 2;
const FRAMES = 32;
const FPS = 12.5;
const KEYFRAME_INTERVAL = 16;

/** Codecs of cameras. */
export const CODECS = ["h264", "h265", "mjpeg"] as const;
export type Codec = typeof CODECS[number];

/** A camera's frame, and its mapping from the clip of two people's. */
export interface Shape {
  readonly size: SizePx;
  /** ffmpeg filters that make the frame from the clip's 1280 × 720. */
  readonly filters: string;
  /** Maps a box of the clip to this frame. */
  readonly moved: (box: BoxPx) => BoxPx;
  /** The visible people of the clip: 0 the portrait, 1 the photographer. */
  readonly people: readonly number[];
}

/** Scales a box, then moves it. */
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
    // Around the photographer, with bars above and below.
    size: { width: 1080, height: 1920 },
    filters: "crop=540:720:700:0,scale=1080:1440,pad=1080:1920:0:400",
    moved: placed(2, -1400, 400),
    people: [1],
  },
];

/** The H.265 clips have B-frames; MJPEG uses the default tables of RTP. */
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
  const args = ["-i", TWO_PEOPLE_CLIP, "-filter_complex"];
  args.push(`${chosen},${filters},split=${CODECS.length}${labels}`);
  const paths = new Map<Codec, string>();
  for (const codec of CODECS) {
    const path = `${folder}/${size.width}x${size.height}-${codec}.mp4`;
    args.push("-map", `[${codec}]`, "-frames:v", `${FRAMES}`, "-r", `${FPS}`);
    args.push("-c:v", ...ENCODERS[codec].split(" "), path);
    paths.set(codec, path);
  }
  await ffmpeg(...args);
  return paths;
}

/** The frame of the clip of two people that such a clip shows at a time, in a loop from its start. */
export function shownFrame(ptsSeconds: number): number {
  return Math.round(ptsSeconds * FPS) % FRAMES * STEP;
}

/** A raw stream made from the clip of two people, for {@link CameraClip}. */
export interface RawClipPlan {
  readonly codec: "h264" | "h265";
  readonly size: SizePx;
  readonly frames: number;
  readonly keyframeInterval: number;
  /** H.264: slices per picture; default 1. */
  readonly slices?: number;
  /** H.264: uses intra refresh instead of further keyframes. */
  readonly isIntraRefresh?: boolean;
  /** H.264: consecutive B-frames; default 0. With them the clip contains its presentation order. */
  readonly bFrames?: number;
}

/** Encodes the stream, with a delimiter before each access unit. */
export async function makeRawClip(plan: RawClipPlan): Promise<CameraClip> {
  const { codec, size, frames, keyframeInterval, slices = 1, isIntraRefresh = false } = plan;
  const { bFrames = 0 } = plan;
  const refresh = isIntraRefresh ? ":intra-refresh=1" : "";
  const [encoder, format] = codec === "h264"
    ? [
      `libx264 -preset veryfast -crf 26 -bf ${bFrames} -b_strategy 0 -pix_fmt yuv420p ` +
      `-x264-params keyint=${keyframeInterval}:scenecut=0:slices=${slices}${refresh}`,
      "f=h264:bsfs/v=h264_metadata=aud=insert",
    ]
    : [
      `libx265 -preset ultrafast -pix_fmt yuv420p -x265-params ` +
      `log-level=none:keyint=${keyframeInterval}:bframes=0:scenecut=0`,
      "f=hevc:bsfs/v=hevc_metadata=aud=insert",
    ];
  const args = ["-v", "error", "-stream_loop", "-1", "-i", TWO_PEOPLE_CLIP, "-an"];
  args.push("-vf", `scale=${size.width}:${size.height},setsar=1`, "-frames:v", `${frames}`);
  args.push("-c:v", ...encoder.split(" "), "-map", "0:v");
  // The stream, and for each of its packets a line with its presentation time.
  args.push("-f", "tee", `[${format}]pipe:1|[f=framecrc]pipe:2`);
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const log = new TextDecoder().decode(stderr);
  assert.ok(success, log);
  const clip = codec === "h264" ? h264Clip(stdout) : h265Clip(stdout);
  return bFrames === 0 ? clip : { ...clip, shownAt: shownAt(log) };
}

/** The third column of ffmpeg's `framecrc`: the presentation time of each packet, in frames. */
function shownAt(framecrc: string): number[] {
  const lines = framecrc.split("\n").filter((line) => /^\d/.test(line));
  return lines.map((line) => Number(line.split(",")[2]));
}
