/** Clips with many colours, and the ffmpeg program's conversion of them, without Orion's own code. */
import type { SizePx } from "../../../src/core/geometry.ts";
import { ffmpeg } from "./ffmpeg.ts";

/** Frames of a clip at 25 per second, all different. */
export const PICTURES = 6;

/** Colour matrix, by the ffmpeg program's name. */
export type Matrix = "bt601" | "bt709" | "bt2020";
/** Limited: black is 16 and white 235. */
export type Range = "tv" | "pc";

/** Colour description of a stream. */
const TAGS: Readonly<Record<Matrix, string>> = {
  bt601: "smpte170m",
  bt709: "bt709",
  bt2020: "bt2020nc",
};

/** A clip to make. */
export interface ColourClip {
  readonly size: SizePx;
  readonly matrix: Matrix;
  readonly range: Range;
  /** Whether the stream signals them; MJPEG implies them. */
  readonly tagged: boolean;
  /** Arguments of the ffmpeg program. */
  readonly encoder: readonly string[];
}

/** An image as three planes: red, green, blue, in grey levels 0 to 255. */
export interface Planes extends SizePx {
  readonly levels: Float32Array;
}

/** Colour bars, gradients of each colour, and a moving pattern. */
function drawing({ width, height }: SizePx): string {
  const part = `s=${width}x${height / 3}:r=25`;
  return `smptehdbars=${part}[a];rgbtestsrc=${part}[b];testsrc2=${part}[c];` +
    `[a][b][c]vstack=3,format=gbrp`;
}

/** Encodes a clip. */
export async function writeClip(path: string, clip: ColourClip): Promise<void> {
  const { size, matrix, range, tagged, encoder } = clip;
  const tags = tagged ? ["-colorspace", TAGS[matrix], "-color_range", range] : [];
  const filters = `${drawing(size)},scale=out_color_matrix=${matrix}:out_range=${range}`;
  await ffmpeg(
    ...["-filter_complex", filters, "-frames:v", `${PICTURES}`, ...encoder, ...tags, "-y", path],
  );
}

/** The colours before encoding. */
export function drawnPictures(size: SizePx): Promise<Planes[]> {
  return pictures(["-filter_complex", drawing(size)], size, "gbrp");
}

/**
 * Decodes a clip with the ffmpeg program.
 *
 * Packed RGB is the usual reference; at unchanged height swscale uses only half of the chroma lines for it,
 * and all of them for planar RGB.
 * @param path   a clip, or an image, which is repeated
 * @param wrong  overrides the colour description: ":in_range=pc"
 */
export function readPictures(
  path: string,
  size: SizePx,
  format: "rgb24" | "gbrp",
  wrong = "",
): Promise<Planes[]> {
  const input = path.endsWith(".jpg") ? ["-loop", "1", "-i", path] : ["-i", path];
  const scale = `scale=${size.width}:${size.height}:` +
    `flags=bilinear+accurate_rnd+full_chroma_int${wrong}`;
  return pictures([...input, "-vf", `${scale},format=${format}`], size, format);
}

/** Deviation of an image from its reference, in grey levels. */
export interface Distance {
  readonly mean: number;
  /** The largest in areas of even colour, where scaling filters have no effect. */
  readonly flat: number;
}

/** Compares a tensor (red, green, blue, 0 to 1) with an image of its size. */
export function distance(tensor: Float32Array, picture: Planes): Distance {
  const { width, height, levels } = picture;
  let sum = 0;
  let flat = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const even = isFlat(picture, x, y);
      for (let at = y * width + x; at < levels.length; at += width * height) {
        const off = Math.abs((tensor[at] ?? NaN) * 255 - (levels[at] ?? NaN));
        sum += off;
        if (even && !(off <= flat)) flat = off;
      }
    }
  }
  return { mean: sum / levels.length, flat };
}

const AROUND = 4;
const NEIGHBOURS = [-AROUND, 0, AROUND].flatMap((y) => [-AROUND, 0, AROUND].map((x) => [x, y]));
/** Grey levels. */
const EVEN = 2;

function isFlat({ width, height, levels }: Planes, x: number, y: number): boolean {
  if (x < AROUND || y < AROUND || x >= width - AROUND || y >= height - AROUND) return false;
  for (let at = y * width + x; at < levels.length; at += width * height) {
    const level = levels[at] ?? NaN;
    for (const [dx = 0, dy = 0] of NEIGHBOURS) {
      if (Math.abs((levels[at + dy * width + dx] ?? NaN) - level) > EVEN) return false;
    }
  }
  return true;
}

async function pictures(
  input: readonly string[],
  size: SizePx,
  format: "rgb24" | "gbrp",
): Promise<Planes[]> {
  const bytes = await ffmpeg(
    ...input,
    ...["-frames:v", `${PICTURES}`, "-f", "rawvideo", "-pix_fmt", format, "-"],
  );
  const area = size.width * size.height;
  if (bytes.length !== PICTURES * 3 * area) throw new Error(`ffmpeg gave ${bytes.length} bytes`);
  // Offsets of the first red, green and blue byte, and the distance between two of the same channel.
  const layout = format === "rgb24"
    ? { starts: [0, 1, 2], step: 3 }
    : { starts: [2 * area, 0, area], step: 1 };
  return Array.from({ length: PICTURES }, (_, number) => {
    const levels = new Float32Array(3 * area);
    layout.starts.forEach((start, plane) => {
      for (let at = 0; at < area; at++) {
        levels[plane * area + at] = bytes[number * 3 * area + start + at * layout.step] ?? NaN;
      }
    });
    return { ...size, levels };
  });
}
