/** Source frames of other shapes, made from the clip of two people so that the people's boxes are known. */
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import { TWO_PEOPLE_CLIP } from "../system/files.ts";
import { ffmpeg } from "./ffmpeg.ts";

export interface Scene {
  /** Valid as a camera id. */
  readonly id: string;
  readonly size: SizePx;
  /** ffmpeg filters that make the frame from the clip's 1280 × 720; empty for none. */
  readonly filters: string;
  /** Maps a box of the clip to this frame. */
  readonly moved: (box: BoxPx) => BoxPx;
  /** The region of interest, in fractions of the frame; null for all of it. */
  readonly roi: { x: number; y: number; width: number; height: number } | null;
  /** The people of the clip who are always visible: 0 the portrait, 1 the photographer. */
  readonly people: readonly number[];
}

const WIDE = {
  size: { width: 1280, height: 720 },
  filters: "",
  moved: (box: BoxPx) => box,
};
const FOUR_TO_THREE = {
  size: { width: 1280, height: 960 },
  filters: "pad=1280:960:0:120",
  moved: (box: BoxPx) => ({ ...box, y: box.y + 120 }),
};
/** Around the photographer, with bars above and below. */
const PORTRAIT = {
  size: { width: 540, height: 960 },
  filters: "crop=540:720:700:0,pad=540:960:0:200",
  moved: (box: BoxPx) => ({ ...box, x: box.x - 700, y: box.y + 200 }),
};

export const SCENES: readonly Scene[] = [
  { id: "wide", ...WIDE, roi: null, people: [0, 1] },
  {
    id: "wide-region",
    ...WIDE,
    roi: { x: 0.5, y: 0.1, width: 0.5, height: 0.9 },
    people: [1],
  },
  { id: "four-three", ...FOUR_TO_THREE, roi: null, people: [0, 1] },
  {
    id: "four-three-region",
    ...FOUR_TO_THREE,
    roi: { x: 0, y: 0.05, width: 0.503, height: 0.9 },
    people: [0],
  },
  { id: "portrait", ...PORTRAIT, roi: null, people: [1] },
  {
    id: "portrait-region",
    ...PORTRAIT,
    roi: { x: 0.1, y: 0.2, width: 0.8, height: 0.78 },
    people: [1],
  },
];

/** A clip to play in a loop, and the number of frames of the clip of two people that it shows, from the first on. */
export interface SceneClip {
  readonly path: string;
  readonly frames: number;
}

const TWO_PEOPLE_FRAMES = 300;
const MADE_FRAMES = 100;

/** Makes the clip of a scene: the clip of two people itself when the scene changes nothing. */
export async function makeScene(scene: Scene, folder: string): Promise<SceneClip> {
  if (scene.filters === "") return { path: TWO_PEOPLE_CLIP, frames: TWO_PEOPLE_FRAMES };
  const path = `${folder}/${scene.id}.mp4`;
  await ffmpeg(
    ...["-i", TWO_PEOPLE_CLIP, "-vf", scene.filters, "-c:v", "libx264"],
    ...["-preset", "ultrafast", "-crf", "20", "-g", "50", "-bf", "0"],
    ...["-frames:v", `${MADE_FRAMES}`, path],
  );
  return { path, frames: MADE_FRAMES };
}
