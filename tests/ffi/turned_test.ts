/** Pictures that have to be turned or squared: what a detector and a person get is as it was drawn. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  acrossSize,
  codedPart,
  type Orientation,
  ORIENTATIONS,
  shownPart,
  UPRIGHT,
  type View,
  viewOf,
} from "../../src/core/display.ts";
import { type BoxNorm, boxNorm, cropOf, type Fit, letterbox } from "../../src/core/geometry.ts";
import { inputBytes, type InputShape } from "../../src/core/messages.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Frame } from "../../src/libav/frame.ts";
import { encodeJpeg } from "../../src/libav/jpeg.ts";
import type { Libav } from "../../src/libav/library.ts";
import { blackOut, maskSpans } from "../../src/roi/masks.ts";
import { PictureViews } from "../../src/stream/picture_views.ts";
import { codedBy, h265Message, messageOf } from "../support/orientation.ts";
import { ignoreWithout } from "../support/parts.ts";
import { Clip, DEMO, ffmpeg, TempFolder, testLibav } from "./support.ts";

const ignore = ignoreWithout("libav", "ffmpeg");

const SHOWN = { width: 192, height: 128 };
const SOURCE = ["-ss", "2", "-i", DEMO, "-frames:v", "1"];
const SCALE = `scale=${SHOWN.width}:${SHOWN.height},setsar=1`;
/** Grey levels. Scaling a turned picture rounds differently; a pixel's shift makes 3 of it and more. */
const LIKE_UPRIGHT = 0.7;

/** The same picture for each orientation, without loss, whose colours have a sample for each pixel. */
async function turnedPictures(folder: TempFolder): Promise<string[]> {
  const outputs = ORIENTATIONS.flatMap((orientation) => [
    ...["-frames:v", "1", "-vf", `${SCALE},format=yuv444p,${codedBy(orientation)}`],
    ...["-c:v", "rawvideo", `${folder.path}/${orientation.index}.nut`],
  ]);
  await ffmpeg("-ss", "2", "-i", DEMO, ...outputs);
  return ORIENTATIONS.map(({ index }) => `${folder.path}/${index}.nut`);
}

/** A picture's part as a network's input, with a mask blacked out. */
function tensorOf(
  converter: TensorConverter,
  frame: Frame,
  { view, roi, input }: { view: View; roi: BoxNorm | null; input: InputShape },
): { tensor: Float32Array; fit: Fit } {
  const { orientation } = view;
  const crop = cropOf(roi === null ? null : codedPart(roi, orientation), view.coded);
  const fit = letterbox(shownPart(crop, view), input);
  const tensor = new Float32Array(inputBytes(input) / 4).fill(-1);
  converter.convert(frame, fit, input, tensor.buffer, true, { crop, orientation });
  const mask = [{ x: 0.1, y: 0.2 }, { x: 0.5, y: 0.2 }, { x: 0.1, y: 0.7 }];
  const spans = maskSpans([mask], view.shown, fit, input);
  blackOut(tensor, spans, input.width * input.height);
  return { tensor, fit };
}

/** Mean and largest difference in grey levels. */
function differenceOf(one: Float32Array, other: Float32Array): { mean: number; most: number } {
  let sum = 0;
  let most = 0;
  one.forEach((value, index) => {
    const off = Math.abs(value - (other[index] ?? NaN)) * 255;
    sum += off;
    if (!(off <= most)) most = off;
  });
  return { mean: sum / one.length, most };
}

const corner = fc.integer({ min: 0, max: 40 }).map((part) => part / 100);
const extent = fc.integer({ min: 30, max: 60 }).map((part) => part / 100);
const part = fc.option(
  fc.record({ x: corner, y: corner, width: extent, height: extent }).map(boxNorm),
);
const shape = fc.record({
  width: fc.integer({ min: 32, max: 150 }),
  height: fc.integer({ min: 32, max: 150 }),
  bars: fc.constant(Math.fround(0.5)),
});

Deno.test("turned: all eight, whatever the region and the input, are what the upright one is", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  using parts = new DisposableStack();
  const frames = (await turnedPictures(folder)).map((path) => {
    using clip = new Clip(libav, path);
    const frame = parts.use(new Frame(libav));
    frame.refFrom(clip.first());
    return frame;
  });
  const converters = frames.map(() => parts.use(new TensorConverter(libav)));
  const [upright] = frames;
  const [ofUpright] = converters;
  assert.ok(upright !== undefined && ofUpright !== undefined);
  fc.assert(
    fc.property(part, shape, (roi, input) => {
      const view = viewOf(SHOWN, UPRIGHT, 1);
      const wanted = tensorOf(ofUpright, upright, { view, roi, input });
      for (const orientation of ORIENTATIONS) {
        const { index } = orientation;
        const [frame, converter] = [frames[index], converters[index]];
        assert.ok(frame !== undefined && converter !== undefined);
        const of = viewOf(acrossSize(SHOWN, orientation), orientation, 1);
        assert.deepEqual(of.shown, SHOWN);
        const { tensor, fit } = tensorOf(converter, frame, { view: of, roi, input });
        // A box of the network's input is the same box of the picture as shown.
        assert.deepEqual(fit, wanted.fit);
        const { mean, most } = differenceOf(tensor, wanted.tensor);
        assert.ok(mean < LIKE_UPRIGHT && most < 40, `${index}: ${mean}, ${most} grey levels`);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test(
  "turned: pixels that are no squares are scaled in the same call",
  { ignore },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const input = { width: 120, height: 96, bars: 0.5 };
    const narrow = `scale=${SHOWN.width / 2}:${SHOWN.height},setsar=2`;
    const path = await folder.make(...SOURCE, "-vf", `${narrow},transpose=cclock`, "narrow.nut");
    const [fit, tensor] = await (async () => {
      using clip = new Clip(libav, path);
      using converter = new TensorConverter(libav);
      const frame = clip.first();
      assert.equal(frame.pixelAspect, 0.5, "ffmpeg turns the shape of pixels as well");
      const views = viewsOf(libav, clip, { rotate: 90, aspect: null });
      const view = views.of(frame, true);
      assert.deepEqual(view.shown, SHOWN);
      const found = tensorOf(converter, frame, { view, roi: null, input });
      assert.equal(converter.scalersMade, 1);
      return [found.fit, found.tensor] as const;
    })();
    using clip = new Clip(libav, await folder.make(...SOURCE, "-vf", SCALE, "square.nut"));
    using converter = new TensorConverter(libav);
    const wanted = tensorOf(converter, clip.first(), {
      view: viewOf(SHOWN, UPRIGHT, 1),
      roi: null,
      input,
    });
    assert.deepEqual(fit, wanted.fit);
    // Half of the detail is gone across, and no more.
    assert.ok(differenceOf(tensor, wanted.tensor).mean < 4);
  },
);

function viewsOf(
  libav: Libav,
  { input: { video } }: Clip,
  wish: { rotate: 0 | 90 | 180 | 270; aspect: number | null } = { rotate: 0, aspect: null },
): PictureViews {
  return new PictureViews({ libav, video, wish });
}

/** How each picture of a clip is shown. */
function orientationsOf(libav: Libav, path: string): Orientation[] {
  using clip = new Clip(libav, path);
  const views = viewsOf(libav, clip);
  const found: Orientation[] = [];
  clip.decodeAll((frame) => void found.push(views.of(frame, frame.isKey).orientation));
  return found;
}

function h264(filters: string, ...more: string[]): string[] {
  const encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "99", "-pix_fmt", "yuv420p"];
  return ["-ss", "2", "-i", DEMO, "-frames:v", "3", "-an", "-vf", filters, ...encode, ...more];
}

/** H.264 without a container, three pictures, with a message of display orientation or none. */
function annexB(message: string | null, filters = SCALE): Promise<Uint8Array> {
  const told = message === null ? "" : `:${message}`;
  return ffmpeg(...h264(filters, "-bsf:v", `h264_metadata=aud=insert${told}`, "-f", "h264", "-"));
}

async function written(folder: TempFolder, name: string, parts: Uint8Array[]): Promise<string> {
  const path = `${folder.path}/${name}`;
  const bytes = parts.map((bytes) => new Uint8Array(bytes));
  Deno.writeFileSync(path, new Uint8Array(await new Blob(bytes).arrayBuffer()));
  return path;
}

Deno.test("turned: H.264 says each of the eight, and changes them in the middle of a stream", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const told = await Promise.all(ORIENTATIONS.map((one) => annexB(messageOf(one))));
  const path = await written(folder, "eight.h264", [...told, await annexB(null)]);
  const wanted = [...ORIENTATIONS, UPRIGHT].flatMap((one) => [one, one, one]);
  assert.deepEqual(orientationsOf(libav, path), wanted);
});

Deno.test("turned: H.265 says each of the eight, and changes them in the middle of a stream", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const encode = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"];
  const source = [...SOURCE, "-vf", SCALE, ...encode, "-pix_fmt", "yuv420p"];
  const stream = await ffmpeg(...source, "-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc", "-");
  // An access unit delimiter: a start code of four bytes, two of header and one more.
  const [head, tail] = [stream.slice(0, 7), stream.slice(7)];
  const told = ORIENTATIONS.flatMap((one) => [head, h265Message(one), tail]);
  const path = await written(folder, "eight.h265", told);
  assert.deepEqual(orientationsOf(libav, path), ORIENTATIONS);
});

Deno.test("turned: a container says it for all of its pictures, and ffmpeg shows them alike", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const path = await folder.make(...h264(SCALE), "upright.mp4");
  // ffmpeg writes this tag as a turn to the left.
  for (const left of [0, 90, 180, 270]) {
    const tag = ["-c", "copy", "-metadata:s:v:0", `rotate=${left}`];
    const turned = await folder.make("-i", path, ...tag, `${left}.mp4`);
    using clip = new Clip(libav, turned);
    const frame = clip.first();
    const view = viewsOf(libav, clip).of(frame, true);
    assert.equal(view.orientation.quarterTurns, (4 - left / 90) % 4);
    // Turned further as configured.
    const more = viewsOf(libav, clip, { rotate: 270, aspect: null }).of(frame, true);
    assert.equal(more.orientation.quarterTurns, (7 - left / 90) % 4);
    const wanted = await grey(turned);
    const file = `${folder.path}/picture.jpg`;
    Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, frame, view)));
    assertLike(await grey(file), wanted, `${left}`);
    const views = viewsOf(libav, clip);
    clip.decodeAll((frame) => {
      assert.equal(views.of(frame, frame.isKey).orientation, view.orientation);
    });
  }
});

/** The first picture of a file as the ffmpeg program shows it. */
function grey(path: string): Promise<Uint8Array> {
  return ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-");
}

/** Compression and rounding make 3 grey levels; a picture that is turned wrongly 30. */
function assertLike(seen: Uint8Array, wanted: Uint8Array, what: string): void {
  assert.equal(seen.length, wanted.length, what);
  const off = seen.reduce((sum, level, at) => sum + Math.abs(level - (wanted[at] ?? NaN)), 0);
  assert.ok(off / seen.length < 8, `${what}: ${off / seen.length} grey levels off`);
}

Deno.test("turned: the shape of pixels is the stream's, follows it, or is the configured one", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const told = ["1", "2", "12/11", "0"];
  const parts = await Promise.all(
    told.map((sar) => annexB(null, `scale=${SHOWN.width}:${SHOWN.height},setsar=${sar}`)),
  );
  const shapes = (path: string, aspect: number | null) => {
    using clip = new Clip(libav, path);
    const views = viewsOf(libav, clip, { rotate: 0, aspect });
    const found: string[] = [];
    clip.decodeAll((frame) => {
      const { shown: { width, height } } = views.of(frame, frame.isKey);
      if (found.at(-1) !== `${width}x${height}`) found.push(`${width}x${height}`);
    });
    return found;
  };
  const path = await written(folder, "shapes.h264", parts);
  assert.deepEqual(shapes(path, null), ["192x128", "384x128", "209x128", "192x128"]);
  assert.deepEqual(shapes(path, 16 / 9), ["228x128"]);
  assert.deepEqual(shapes(path, 4 / 3), ["192x144"]);
  const mp4 = await folder.make(...h264("scale=96:128,setsar=2"), "narrow.mp4");
  assert.deepEqual(shapes(mp4, null), ["192x128"]);
});

Deno.test("turned: a snapshot is the picture as shown", { ignore }, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const wanted = await ffmpeg(...SOURCE, "-vf", SCALE, "-f", "rawvideo", "-pix_fmt", "gray", "-");
  for (const [index, path] of (await turnedPictures(folder)).entries()) {
    const orientation = ORIENTATIONS[index] ?? UPRIGHT;
    using clip = new Clip(libav, path);
    const view = viewOf(acrossSize(SHOWN, orientation), orientation, 1);
    const file = `${folder.path}/picture.jpg`;
    Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, clip.first(), view)));
    assertLike(await grey(file), wanted, `${index}`);
    using picture = new Clip(libav, file);
    const { width, height } = picture.first();
    assert.deepEqual({ width, height }, SHOWN);
  }
  using clip = new Clip(libav, await folder.make(...h264("scale=96:128,setsar=2"), "n.mp4"));
  const frame = clip.first();
  const file = `${folder.path}/wide.jpg`;
  const view = viewsOf(libav, clip).of(frame, true);
  Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, frame, view)));
  using picture = new Clip(libav, file);
  const { width, height } = picture.first();
  assert.deepEqual({ width, height }, SHOWN);
});
