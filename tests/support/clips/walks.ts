/** Clips in which people come and go at known frames and places, made from the demo's clip. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import { DEMO_CLIP } from "../system/files.ts";
import { ffmpeg } from "./ffmpeg.ts";

/** Frames a second, of the demo's clip as well. */
export const FPS = 25;
const WIDTH = 1280;
const KEYFRAME_INTERVAL = 50;

/** A photograph in the demo's clip. */
interface Photograph {
  /** When the whole of it stands still. */
  readonly atSeconds: number;
  /** Where it is then. */
  readonly place: BoxPx;
  /** The person, from the top left corner of the photograph. */
  readonly person: BoxPx;
}

const PHOTOGRAPHS = {
  portrait: {
    atSeconds: 5,
    place: { x: 480, y: 120, width: 340, height: 420 },
    person: { x: 0, y: 8, width: 226, height: 412 },
  },
  photographer: {
    atSeconds: 13,
    place: { x: 260, y: 280, width: 420, height: 420 },
    person: { x: 0, y: 54, width: 260, height: 366 },
  },
} as const satisfies Readonly<Record<string, Photograph>>;

export type PersonName = keyof typeof PHOTOGRAPHS;
const NAMES: readonly PersonName[] = ["portrait", "photographer"];

/** A photograph is in the picture, in a straight line from place to place, and disappears. */
export interface Walk {
  readonly person: PersonName;
  /** The first frame with it. */
  readonly from: number;
  /** The first frame without it. */
  readonly until: number;
  /** Where its top left corner is at `from`, and would be at `until`. */
  readonly x: readonly [number, number];
  readonly y: number;
}

/** Where the person of a walk is in a frame; null where it is not in the picture. */
export function placeAt({ person, from, until, x, y }: Walk, frame: number): BoxPx | null {
  if (frame < from || frame >= until) return null;
  const box = PHOTOGRAPHS[person].person;
  const left = Math.floor(x[0] + (x[1] - x[0]) * (frame - from) / (until - from) + 0.5) + box.x;
  const x1 = Math.max(0, left);
  const x2 = Math.min(WIDTH, left + box.width);
  return x2 <= x1 ? null : { x: x1, y: y + box.y, width: x2 - x1, height: box.height };
}

/** Makes a clip of `frames` frames over the demo's empty pavement; later walks cover earlier ones. */
export async function makeWalks(
  { walks, frames, folder, name }: {
    readonly walks: readonly Walk[];
    readonly frames: number;
    readonly folder: string;
    readonly name: string;
  },
): Promise<string> {
  const ground = `${folder}/ground.png`;
  await ffmpeg("-i", DEMO_CLIP, "-frames:v", "1", "-y", ground);
  const inputs = ["-i", ground];
  for (const person of NAMES) {
    const { atSeconds, place } = PHOTOGRAPHS[person];
    const path = `${folder}/${person}.png`;
    const crop = `crop=${place.width}:${place.height}:${place.x}:${place.y}`;
    await ffmpeg("-ss", `${atSeconds}`, "-i", DEMO_CLIP, "-frames:v", "1", "-vf", crop, "-y", path);
    inputs.push("-i", path);
  }
  const path = `${folder}/${name}.mp4`;
  const encoder = "-c:v libx264 -preset ultrafast -crf 22 -bf 0 -sc_threshold 0".split(" ");
  await ffmpeg(
    ...[
      ...inputs,
      "-filter_complex",
      graph(walks),
      "-map",
      "[out]",
      "-frames:v",
      `${frames}`,
      "-r",
      `${FPS}`,
    ],
    ...[...encoder, "-g", `${KEYFRAME_INTERVAL}`, "-y", path],
  );
  return path;
}

/** Filters that repeat a picture for ever, decoded once. */
const STILL = `format=yuv444p,loop=loop=-1:size=1:start=0,setpts=N/(${FPS}*TB)`;

function graph(walks: readonly Walk[]): string {
  const overlays = walks.map(({ from, until, x, y }, index) => {
    const along = `floor(${x[0]}+(${x[1] - x[0]})*(n-${from})/${until - from}+0.5)`;
    const shown = `enable='between(n,${from},${until - 1})'`;
    const below = index === 0 ? "[ground]" : `[under${index}]`;
    return `${below}[cut${index}]overlay=x='${along}':y=${y}:${shown}:format=yuv444` +
      `[under${index + 1}]`;
  });
  const cuts = NAMES.map((name, index) => {
    const uses = walks.flatMap(({ person }, at) => person === name ? [`[cut${at}]`] : []);
    return uses.length === 0 ? [] : [`[${index + 1}]${STILL},split=${uses.length}${uses.join("")}`];
  }).flat();
  return [
    `[0]${STILL}[ground]`,
    ...cuts,
    ...overlays,
    `[${walks.length === 0 ? "ground" : `under${walks.length}`}]format=yuv420p[out]`,
  ].join(";");
}
