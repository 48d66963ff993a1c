/** A clip whose frames encode their own contents, so that damage can be detected. */
import { programPath } from "../system/parts.ts";
import { type RawClip, rawClip } from "../cameras/rtp_h264.ts";

const BLOCK = 16;
const COLUMNS = 20;
const ROWS = 12;
/** The first blocks are the frame's number in binary. */
const BITS = 12;

/** Frame size of the clip. */
export const PATTERN_SIZE = { width: COLUMNS * BLOCK, height: ROWS * BLOCK } as const;

/** Whether a block of frame `number` is white: each changes at its own rate. */
function isWhite(number: number, block: number): boolean {
  if (block < BITS) return ((number >> block) & 1) === 1;
  return (((number + 7 * block) >> (block % 5)) & 1) === 1;
}

function draw(number: number): Uint8Array<ArrayBuffer> {
  const { width, height } = PATTERN_SIZE;
  const picture = new Uint8Array(width * height * 3 / 2).fill(128, width * height);
  for (let y = 0; y < height; y++) {
    for (let column = 0; column < COLUMNS; column++) {
      const block = Math.floor(y / BLOCK) * COLUMNS + column;
      const at = y * width + column * BLOCK;
      picture.fill(isWhite(number, block) ? 220 : 30, at, at + BLOCK);
    }
  }
  return picture;
}

/**
 * Encodes `count` frames at 25 per second.
 * @param more  encoder arguments of the ffmpeg program
 */
export async function patternClip(count: number, more: readonly string[]): Promise<RawClip> {
  const { width, height } = PATTERN_SIZE;
  const child = new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`]
      .concat(["-r", "25", "-i", "-", "-c:v", "libx264", "-preset", "veryfast", ...more])
      .concat(["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"]),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const feeding = (async () => {
    for (let number = 0; number < count; number++) await input.write(draw(number));
    await input.close();
  })();
  const { success, stdout, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await feeding;
  return rawClip(stdout);
}

/**
 * Reads a frame from a tensor of the clip's size.
 * @returns its number, and the number of its wrong blocks
 */
export function readPattern(tensor: Float32Array): { number: number; wrong: number } {
  const { width } = PATTERN_SIZE;
  const white = (block: number) => {
    const x = (block % COLUMNS) * BLOCK + BLOCK / 2;
    const y = Math.floor(block / COLUMNS) * BLOCK + BLOCK / 2;
    return (tensor[y * width + x] ?? 0) > 0.5;
  };
  let number = 0;
  for (let bit = 0; bit < BITS; bit++) if (white(bit)) number |= 1 << bit;
  let wrong = 0;
  for (let block = BITS; block < COLUMNS * ROWS; block++) {
    if (white(block) !== isWhite(number, block)) wrong++;
  }
  return { number, wrong };
}
