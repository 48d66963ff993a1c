/** Codecs, sizes and pixel formats: the right colours in the right place. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const INPUT = fixedInput({ width: 64, height: 64 });

/** A clip whose left half is red and whose right half is blue. */
async function clip(path: string, size: string, encoder: readonly string[]): Promise<void> {
  const [width = 0, height = 0] = size.split("x").map(Number);
  const half = `s=${width / 2}x${height}:r=25:d=1`;
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: [
      "-v",
      "error",
      "-f",
      "lavfi",
      "-i",
      `color=red:${half}[a];color=blue:${half}[b];[a][b]hstack`,
    ]
      .concat([...encoder, "-y", path]),
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}

interface Look {
  readonly size: string;
  readonly left: readonly number[];
  readonly right: readonly number[];
}

/** Frames that a detector takes of a file. */
const PICTURES = 5;

/** The frames that a detector gets of a looped file, until `isEnough`. */
async function looks(
  file: string,
  isEnough: (seen: readonly Look[]) => boolean,
): Promise<Look[]> {
  const seen: Look[] = [];
  const pixel = (tensor: Float32Array, x: number) =>
    [0, 1, 2].map((plane) => Number((tensor[plane * 4096 + 32 * 64 + x] ?? NaN).toFixed(2)));
  await using run = new CaptureRun({
    source: { url: `file:${file}`, file, loop: true },
    detectors: [{
      id: "consumer",
      rateHz: null,
      input: INPUT,
      onFrame: ({ size }, tensor) =>
        void seen.push({
          size: `${size.width}x${size.height}`,
          // A tall frame covers these, too.
          left: pixel(tensor, 26),
          right: pixel(tensor, 38),
        }),
    }],
  });
  await run.until("frames", () => isEnough(seen));
  // While it plays: when it is stopped the decoder still delays B-frames, which then count as corrupt.
  const { account } = await run.report();
  assert.equal(account.corrupt, 0);
  return seen;
}

function assertRedAndBlue({ left, right }: Look): void {
  const near = (found: readonly number[], wanted: readonly number[]) =>
    found.every((value, index) => Math.abs(value - (wanted[index] ?? 0)) <= 0.04);
  assert.ok(near(left, [1, 0, 0]), `left ${left}`);
  assert.ok(near(right, [0, 0, 1]), `right ${right}`);
}

const H264 = ["-c:v", "libx264", "-preset", "ultrafast"];
const FORMATS: readonly (readonly [string, string, readonly string[], string])[] = [
  ["H.264 with B-frames", "1280x720", ["-c:v", "libx264", "-bf", "3"], "mp4"],
  ["H.264, tall", "1080x1920", H264, "mp4"],
  ["H.264, 4:2:2 of 10 bits", "320x240", [...H264, "-pix_fmt", "yuv422p10le"], "mp4"],
  ["H.264, full range", "320x240", [...H264, "-pix_fmt", "yuvj420p"], "mp4"],
  ["H.265", "1920x1080", [
    "-c:v",
    "libx265",
    "-preset",
    "ultrafast",
    "-x265-params",
    "log-level=none",
  ], "mp4"],
  ["MJPEG", "320x240", ["-c:v", "mjpeg", "-q:v", "2"], "avi"],
];

for (const [name, size, encoder, container] of FORMATS) {
  Deno.test({
    name: `capture: ${name} at ${size} has the right colours`,
    ignore,
    async fn() {
      using folder = tempFolder();
      const file = `${folder.path}/clip.${container}`;
      await clip(file, size, encoder);
      const seen = await looks(file, ({ length }) => length >= PICTURES);
      for (const look of seen) {
        assert.equal(look.size, size);
        assertRedAndBlue(look);
      }
    },
  });
}

Deno.test({
  name: "capture: a stream may change its size and pixel format",
  ignore,
  async fn() {
    using folder = tempFolder();
    const both = new Blob(
      await Promise.all(
        [["640x480", "yuv420p"], ["320x240", "yuv422p"]].map(
          async ([size = "", format = ""], index) => {
            const part = `${folder.path}/${index}.h264`;
            await clip(part, size, [...H264, "-pix_fmt", format, "-f", "h264"]);
            return await Deno.readFile(part);
          },
        ),
      ),
    );
    const file = folder.write("both.h264", new Uint8Array(await both.arrayBuffer()));
    const sizes = (seen: readonly Look[]) => new Set(seen.map(({ size }) => size));
    const seen = await looks(file, (seen) => seen.length >= PICTURES && sizes(seen).size > 1);
    assert.deepEqual([...sizes(seen)].sort(), ["320x240", "640x480"]);
    for (const look of seen) assertRedAndBlue(look);
  },
});
