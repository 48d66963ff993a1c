import assert from "node:assert/strict";
import {
  boxNorm,
  type BoxPx,
  cropOf,
  letterbox,
  type Placement,
  type SizePx,
} from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import type { Libav } from "../../src/libav/library.ts";
import { overrunsPlane, rowFloats } from "../../src/libav/row_overrun.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import {
  Clip,
  compare,
  ffmpeg,
  firstTensor,
  h264,
  MEAN_TOLERANCE,
  reference,
  TempFolder,
  type TestInput,
  testLibav,
  thrownCode,
  TWO_PEOPLE,
} from "./support.ts";

const ignore = ignoreWithout("libav");
const ignoreClips = ignoreWithout("libav", "ffmpeg");

const SQUARE: TestInput = { width: 416, height: 416, bars: 114 / 255 };
const FILLED = { grey: SQUARE.bars, fill: true };

function whole(frame: { readonly width: number; readonly height: number }): BoxPx {
  return { x: 0, y: 0, width: frame.width, height: frame.height };
}

function part(box: BoxPx): (frame: SizePx) => BoxPx {
  return (frame) => cropOf(boxNorm(box), frame);
}

/** The channels of a pixel, in grey levels. */
function pixel(tensor: Float32Array, input: TestInput, x: number, y: number): number[] {
  return [0, 1, 2].map((plane) =>
    (tensor[(plane * input.height + y) * input.width + x] ?? NaN) * 255
  );
}

/** Converts a clip of one colour. */
function colourOf(libav: Libav, path: string): { rgb: number[]; format: string } {
  const input = { width: 32, height: 32, bars: 0 };
  const { tensor, format } = firstTensor(
    libav,
    path,
    (frame) => letterbox(whole(frame), input),
    input,
  );
  return { rgb: pixel(tensor, input, 16, 16), format };
}

function near(found: number[], wanted: number[], within: number, what: string): void {
  for (const [index, level] of wanted.entries()) {
    const got = found[index] ?? NaN;
    assert(Math.abs(got - level) <= within, `${what}: ${found} instead of ${wanted}`);
  }
}

Deno.test(
  "converter: matches the ffmpeg program for wide, square and tall frames, whole and cropped",
  { ignore: ignoreClips },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const crops: [string, Placement, (frame: SizePx) => BoxPx][] = [
      ["whole", "centre", whole],
      ["middle", "top-left", part({ x: 0.1, y: 0.2, width: 0.8, height: 0.7 })],
      ["corner", "stretch", part({ x: 0.55, y: 0.5, width: 0.45, height: 0.5 })],
      ["narrow", "centre", part({ x: 0.3, y: 0, width: 0.13, height: 1 })],
    ];
    const inputs: TestInput[] = [SQUARE, { width: 640, height: 384, bars: 0.5 }];
    for (const size of ["1280x720", "640x480", "720x1280", "354x290"]) {
      const path = await folder.make(...h264(`testsrc2=size=${size}`), `${size}.mp4`);
      for (const [name, place, crop] of crops) {
        for (const input of inputs) {
          const fitOf = (frame: SizePx) => letterbox(crop(frame), input, place);
          const { tensor, fit } = firstTensor(libav, path, fitOf, input);
          const gbr = await reference(path, fit.crop, fit);
          const { mean, damagedBars } = compare(tensor, fit, input, gbr);
          const what = `${size} ${name} in ${input.width}x${input.height}, ${place}`;
          assert.equal(damagedBars, 0, what);
          assert(mean < MEAN_TOLERANCE, `${what}: ${mean} grey levels off`);
        }
      }
    }
  },
);

Deno.test(
  "converter: red, green and blue are written to planes 0, 1 and 2",
  { ignore: ignoreClips },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const colours: [string, number[]][] = [
      ["0xff0000", [255, 0, 0]],
      ["0x00ff00", [0, 255, 0]],
      ["0x0000ff", [0, 0, 255]],
      ["0x20c040", [0x20, 0xc0, 0x40]],
      ["0xffffff", [255, 255, 255]],
      ["0x000000", [0, 0, 0]],
    ];
    for (const [colour, rgb] of colours) {
      const path = await folder.make(...h264(`color=c=${colour}:size=64x64`), `${colour}.mp4`);
      // White and black are exact: uncorrected, swscale yields 254.
      const within = rgb.every((level) => level === rgb[0]) ? 0.1 : 1.5;
      near(colourOf(libav, path).rgb, rgb, within, colour);
    }
  },
);

Deno.test(
  "converter: follows the stream's colour matrix and range",
  { ignore: ignoreClips },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const source = "color=c=0x20c040:size=64x64";
    const wanted = [0x20, 0xc0, 0x40];
    const make = (name: string, scale: string, ...tags: string[]) =>
      folder.make(...h264(source, "-vf", `format=gbrp,${scale}`, ...tags), name);
    const bt709 = await make("709.mp4", "scale=out_color_matrix=bt709", "-colorspace", "bt709");
    near(colourOf(libav, bt709).rgb, wanted, 3, "BT.709, signalled");
    const bt601 = await make("601.mp4", "scale=out_color_matrix=bt601", "-colorspace", "smpte170m");
    near(colourOf(libav, bt601).rgb, wanted, 3, "BT.601, signalled");
    const untold = await make("untold.mp4", "scale=out_color_matrix=bt601");
    near(colourOf(libav, untold).rgb, wanted, 3, "BT.601, default");
    const full = await make("full.mp4", "scale=out_range=full", "-color_range", "pc");
    near(colourOf(libav, full).rgb, wanted, 3, "full range, signalled");
    const args = ["-f", "lavfi", "-i", source, "-frames:v", "1", "-q:v", "2"];
    const jpeg = await folder.make(...args, "-pix_fmt", "yuvj420p", "full.mjpeg");
    const { rgb, format } = colourOf(libav, jpeg);
    assert.equal(format, "yuvj420p");
    near(rgb, wanted, 5, "full range by format");
  },
);

Deno.test("converter: writes exactly the fitted rectangle, at any width and position", {
  ignore,
}, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  using converter = new TensorConverter(libav);
  const frame = clip.first();
  const bars = Math.fround(0.5);
  for (let width = 33; width <= 66; width++) {
    for (const [left, right] of [[0, 0], [1, 0], [0, 1], [3, 4], [40, 9], [9, 40]] as const) {
      for (const [above, below] of [[0, 0], [0, 2], [2, 0], [1, 1]] as const) {
        const height = 7;
        const input = { width: left + width + right, height: above + height + below, bars };
        const fit = { crop: whole(frame), input, width, height, dx: left, dy: above };
        const tensor = new Float32Array(inputBytes(input) / 4).fill(-1);
        converter.convert(frame, fit, tensor.buffer, { grey: bars, fill: true });
        tensor.forEach((value, index) => {
          const x = index % input.width;
          const y = Math.floor(index / input.width) % input.height;
          const inside = x >= left && x < left + width && y >= above && y < above + height;
          // The clip's top rows are pavement: neither black nor the bars' exact grey.
          const right = inside ? value >= 0 && value <= 1 && value !== bars : value === bars;
          assert(right, `${width}+${left}+${right} at ${x},${y}: ${value}`);
        });
      }
    }
  }
});

Deno.test("converter: the tensor is the front part of its buffer, and the rest is unchanged", {
  ignore,
}, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  using converter = new TensorConverter(libav);
  const frame = clip.first();
  const rest = 100;
  for (const [width, height] of [[416, 256], [47, 80], [33, 33]] as const) {
    for (const place of ["centre", "top-left", "stretch"] as const) {
      const fit = letterbox(whole(frame), { width, height }, place);
      const exact = new Float32Array(3 * width * height);
      converter.convert(frame, fit, exact.buffer, FILLED);
      const larger = new Float32Array(exact.length + rest).fill(-1);
      converter.convert(frame, fit, larger.buffer, FILLED);
      assert.deepEqual(larger.subarray(0, exact.length), exact);
      assert.ok(larger.subarray(exact.length).every((value) => value === -1), `${width}, ${place}`);
    }
  }
});

Deno.test("converter: the overrun of a row never leaves the tensor", () => {
  assert.equal(rowFloats(416), 416);
  assert.equal(rowFloats(234), 256);
  const input = { width: 416, height: 416 };
  const crop = { x: 0, y: 0, width: 2, height: 2 };
  const at = (dx: number, width: number, dy = 0, height = 416) =>
    overrunsPlane({ crop, input, dx, dy, width, height });
  assert.equal(at(0, 416), false);
  assert.equal(at(91, 234), false);
  assert.equal(at(1, 414), true);
  assert.equal(at(17, 399), true);
  assert.equal(at(0, 401), false);
  // With a bar below, the overrun hits that bar, which is refilled.
  assert.equal(at(1, 414, 0, 410), false);
});

Deno.test("converter: keeps its scaler until the geometry changes", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  using converter = new TensorConverter(libav);
  const frame = clip.first();
  const buffer = new ArrayBuffer(inputBytes(SQUARE));
  const convert = (crop: BoxPx) =>
    converter.convert(frame, letterbox(crop, SQUARE), buffer, FILLED);
  for (let times = 0; times < 5; times++) convert(whole(frame));
  assert.equal(converter.scalersMade, 1);
  // Another position of the same size needs no new scaler.
  convert({ x: 100, y: 100, width: 300, height: 200 });
  convert({ x: 200, y: 300, width: 300, height: 200 });
  assert.equal(converter.scalersMade, 2);
});

Deno.test("converter: refuses to read or write out of bounds", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  const converter = new TensorConverter(libav);
  const frame = clip.first();
  const fit = letterbox(whole(frame), SQUARE);
  const buffer = new ArrayBuffer(inputBytes(SQUARE));
  const refused = (run: () => void) => assert.equal(thrownCode(run), "LIFECYCLE");
  const { crop } = fit;
  refused(() => converter.convert(frame, fit, new ArrayBuffer(8), FILLED));
  refused(() => converter.convert(frame, { ...fit, dy: 183 }, buffer, FILLED));
  refused(() => converter.convert(frame, { ...fit, dx: -1 }, buffer, FILLED));
  refused(() => converter.convert(frame, { ...fit, width: 417 }, buffer, FILLED));
  refused(() => converter.convert(frame, { ...fit, crop: { ...crop, x: 2 } }, buffer, FILLED));
  refused(() => converter.convert(frame, { ...fit, crop: { ...crop, y: 0.5 } }, buffer, FILLED));
  refused(() => converter.convert(frame, { ...fit, crop: { ...crop, height: 0 } }, buffer, FILLED));
  const narrow = { width: 16, height: 416, bars: 0 };
  const narrowBuffer = new ArrayBuffer(inputBytes(narrow));
  refused(() => converter.convert(frame, letterbox(crop, narrow), narrowBuffer, FILLED));
  const gone = new ArrayBuffer(inputBytes(SQUARE));
  structuredClone(gone, { transfer: [gone] });
  refused(() => converter.convert(frame, fit, gone, FILLED));
  frame.unref();
  refused(() => converter.convert(frame, fit, buffer, FILLED));
  converter[Symbol.dispose]();
  converter[Symbol.dispose]();
  refused(() => converter.convert(frame, fit, buffer, FILLED));
});

Deno.test("converter: follows a stream that changes its frame size", {
  ignore: ignoreClips,
}, async () => {
  using folder = new TempFolder();
  const make = (size: string) => ffmpeg(...h264(`testsrc2=size=${size}`), "-f", "h264", "-");
  const path = `${folder.path}/two.h264`;
  const parts = [await make("320x240"), await make("240x320")];
  Deno.writeFileSync(
    path,
    new Uint8Array(await new Blob(parts.map((part) => new Uint8Array(part))).arrayBuffer()),
  );
  using libav = testLibav();
  using clip = new Clip(libav, path);
  using converter = new TensorConverter(libav);
  const buffer = new ArrayBuffer(inputBytes(SQUARE));
  const sizes: string[] = [];
  clip.decodeAll((frame) => {
    sizes.push(`${frame.width}x${frame.height}`);
    converter.convert(frame, letterbox(whole(frame), SQUARE), buffer, FILLED);
  });
  assert.deepEqual(sizes, ["320x240", "320x240", "320x240", "240x320", "240x320", "240x320"]);
  assert.equal(converter.scalersMade, 2);
});
