/** An H.264 stream that keeps changing its size and pixel format, with distinguishable frames. */
import { acrossSize, type Orientation, orientationOf, UPRIGHT } from "../../../src/core/display.ts";
import { type BoxPx, type InputFit, type SizePx, unletterbox } from "../../../src/core/geometry.ts";
import { codedBy, messageOf } from "./orientation.ts";
import { ffmpeg } from "./ffmpeg.ts";

/** One kind of frame: a box on black, with a unique colour and position. */
export interface Look extends SizePx {
  readonly format: string;
  readonly colour: "red" | "lime" | "blue" | "white";
  readonly box: BoxPx;
}

/** The pixel format, the size or both differ from one to the next. */
export const LOOKS: readonly Look[] = [
  {
    width: 320,
    height: 180,
    format: "yuv420p",
    colour: "red",
    box: { x: 32, y: 24, width: 96, height: 48 },
  },
  {
    width: 320,
    height: 180,
    format: "yuv422p10le",
    colour: "lime",
    box: { x: 192, y: 96, width: 64, height: 64 },
  },
  {
    width: 160,
    height: 240,
    format: "yuv420p",
    colour: "blue",
    box: { x: 80, y: 160, width: 64, height: 48 },
  },
  {
    width: 240,
    height: 240,
    format: "yuv420p",
    colour: "white",
    box: { x: 24, y: 48, width: 48, height: 96 },
  },
];

/** Order in which each kind follows each other one. */
const ORDER = [0, 1, 2, 3, 0, 2, 1, 3, 2, 0, 3, 1];

/** Frames between two changes. */
const BETWEEN = 2;

/** Coding of a frame, whose display orientation and pixel aspect the stream signals. */
interface Coding {
  readonly orientation: Orientation;
  /** Width of a pixel divided by its height. */
  readonly pixelAspect: number;
}

const PLAIN: Coding = { orientation: UPRIGHT, pixelAspect: 1 };

/** Codings of frames that equal {@link LOOKS} in display orientation with square pixels. */
const ODD: readonly Coding[] = [
  { orientation: orientationOf(1, false), pixelAspect: 1 },
  { orientation: orientationOf(2, true), pixelAspect: 2 },
  { orientation: UPRIGHT, pixelAspect: 2 },
  { orientation: orientationOf(3, false), pixelAspect: 0.5 },
];

/** Encodes the stream, with a delimiter before each access unit. */
export function changingStream(): Promise<Uint8Array<ArrayBuffer>> {
  return streamOf(LOOKS.map(() => PLAIN));
}

/** Encodes the same with frames to rotate, mirror and stretch. */
export function turningStream(): Promise<Uint8Array<ArrayBuffer>> {
  return streamOf(ODD);
}

async function streamOf(codings: readonly Coding[]): Promise<Uint8Array<ArrayBuffer>> {
  const parts = await Promise.all(LOOKS.map((look, index) => encode(look, codings[index])));
  const stream = new Blob(ORDER.map((index) => parts[index] ?? new Uint8Array()));
  return new Uint8Array(await stream.arrayBuffer());
}

async function encode(
  look: Look,
  { orientation, pixelAspect }: Coding = PLAIN,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, format, colour, box } = look;
  const turned = acrossSize(look, orientation);
  const coded = {
    width: turned.width / Math.max(1, pixelAspect),
    height: turned.height / Math.max(1, 1 / pixelAspect),
  };
  const filters = `color=black:s=${width}x${height}:r=25,format=gbrp,` +
    `drawbox=${box.x}:${box.y}:${box.width}:${box.height}:${colour}:fill,` +
    `${codedBy(orientation)},scale=${coded.width}:${coded.height}:out_color_matrix=bt601,` +
    `setsar=${pixelAspect},format=${format}`;
  const message = orientation === UPRIGHT ? "" : `:${messageOf(orientation)}`;
  return await ffmpeg(
    ...["-f", "lavfi", "-i", filters, "-frames:v", `${BETWEEN}`],
    ...["-c:v", "libx264", "-preset", "veryfast", "-qp", "10", "-bf", "0"],
    ...["-bsf:v", `h264_metadata=aud=insert${message}`, "-f", "h264", "-"],
  );
}

/** The contents of a tensor. */
export interface Sight {
  readonly look: Look;
  /** The coloured box, in pixels of the source. */
  readonly box: BoxPx;
  /** Whether the letterbox bars are complete. */
  readonly barsWhole: boolean;
}

const BRIGHT = 0.5;

/** Finds the coloured box in a tensor. @param grey  of the bars, darker than half */
export function sightOf(tensor: Float32Array, fit: InputFit, grey: number): Sight {
  const { input } = fit;
  const area = input.width * input.height;
  const bars = Math.fround(grey);
  const found = { x1: input.width, y1: input.height, x2: 0, y2: 0 };
  const sums = [0, 0, 0];
  let count = 0;
  let barsWhole = true;
  for (let y = 0; y < input.height; y++) {
    for (let x = 0; x < input.width; x++) {
      const levels = [0, 1, 2].map((plane) => tensor[plane * area + y * input.width + x] ?? NaN);
      const isBar = x < fit.dx || y < fit.dy || x >= fit.dx + fit.width || y >= fit.dy + fit.height;
      if (isBar && levels.some((level) => level !== bars)) barsWhole = false;
      if (Math.max(...levels) <= BRIGHT) continue;
      found.x1 = Math.min(found.x1, x);
      found.y1 = Math.min(found.y1, y);
      found.x2 = Math.max(found.x2, x + 1);
      found.y2 = Math.max(found.y2, y + 1);
      levels.forEach((level, plane) => sums[plane] = (sums[plane] ?? 0) + level);
      count++;
    }
  }
  const on = sums.map((sum) => sum / count > BRIGHT);
  const colour = { "100": "red", "010": "lime", "001": "blue", "111": "white" }[
    on.map(Number).join("")
  ];
  const look = LOOKS.find((one) => one.colour === colour);
  if (look === undefined) throw new Error(`no such picture: ${sums.map((sum) => sum / count)}`);
  return { look, box: unletterbox(found, fit), barsWhole };
}
