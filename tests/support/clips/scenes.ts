/** Source frames of other shapes, made out of the bundled clip so that the people's place is known. */
import assert from "node:assert/strict";
import type { BoxPx, SizePx } from "../../../src/core/geometry.ts";
import { DEMO_CLIP } from "../system/files.ts";
import { programPath } from "../system/parts.ts";

export interface Scene {
  /** Fit for a camera's id. */
  readonly id: string;
  readonly size: SizePx;
  /** ffmpeg filters that make the frame out of the clip's 1280 × 720; empty for none. */
  readonly filters: string;
  /** Where a box of the clip is in this frame. */
  readonly moved: (box: BoxPx) => BoxPx;
  /** The part that is looked at, in fractions of the frame; null for all of it. */
  readonly roi: { x: number; y: number; width: number; height: number } | null;
  /** Which of the clip's people can be seen all the time: 0 the portrait, 1 the photographer. */
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
/** Around the photographer, with room above and below. */
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

/** A clip to be played in a loop, and how many frames of the bundled clip it shows, from the first on. */
export interface SceneClip {
  readonly path: string;
  readonly frames: number;
}

const DEMO_FRAMES = 300;
const MADE_FRAMES = 100;

/** Makes the clip of a scene; it is the bundled clip itself when nothing is changed. */
export async function makeScene(scene: Scene, folder: string): Promise<SceneClip> {
  if (scene.filters === "") return { path: DEMO_CLIP, frames: DEMO_FRAMES };
  const path = `${folder}/${scene.id}.mp4`;
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", DEMO_CLIP, "-vf", scene.filters, "-c:v", "libx264"]
      .concat(["-preset", "ultrafast", "-crf", "20", "-g", "50", "-bf", "0"])
      .concat(["-frames:v", `${MADE_FRAMES}`, path]),
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return { path, frames: MADE_FRAMES };
}
