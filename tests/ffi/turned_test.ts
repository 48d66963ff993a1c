/** Frames to rotate, mirror or stretch: tensors and snapshots are in display orientation. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  acrossSize,
  codedPart,
  ORIENTATIONS,
  shownPart,
  UPRIGHT,
  type View,
  viewOf,
} from "../../src/core/display.ts";
import {
  type BoxNorm,
  boxNorm,
  cropOf,
  type InputFit,
  letterbox,
  type Placement,
} from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Frame } from "../../src/libav/frame.ts";
import { encodeJpeg } from "../../src/libav/jpeg.ts";
import { blackOut, maskSpans } from "../../src/stream/masks.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, ffmpeg, TempFolder, type TestInput, testLibav } from "./support.ts";
import { assertLike, grey, h264, SCALE, SHOWN, SOURCE, turnedPictures, viewsOf } from "./turned.ts";

const ignore = ignoreWithout("libav", "ffmpeg");

/** Grey levels. Scaling a rotated frame rounds differently; a shift by a pixel causes 3 and more. */
const LIKE_UPRIGHT = 0.7;

/** A part of a frame as a network input, with a mask blacked out. */
function tensorOf(
  converter: TensorConverter,
  frame: Frame,
  { view, roi, input, place = "centre" }: {
    view: View;
    roi: BoxNorm | null;
    input: TestInput;
    place?: Placement;
  },
): { tensor: Float32Array; fit: InputFit } {
  const { orientation } = view;
  const crop = cropOf(roi === null ? null : codedPart(roi, orientation), view.coded);
  const fit = letterbox(shownPart(crop, view), input, place);
  const tensor = new Float32Array(inputBytes(input) / 4).fill(-1);
  const bars = { grey: input.bars, fill: true };
  converter.convert(frame, fit, tensor.buffer, bars, { crop, orientation });
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
const placement = fc.constantFrom<Placement>("centre", "top-left", "stretch");

Deno.test("turned: all eight orientations yield the upright tensor, for any region and input", {
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
    fc.property(part, shape, placement, (roi, input, place) => {
      const view = viewOf(SHOWN, UPRIGHT, 1);
      const wanted = tensorOf(ofUpright, upright, { view, roi, input, place });
      for (const orientation of ORIENTATIONS) {
        const { index } = orientation;
        const [frame, converter] = [frames[index], converters[index]];
        assert.ok(frame !== undefined && converter !== undefined);
        const of = viewOf(acrossSize(SHOWN, orientation), orientation, 1);
        assert.deepEqual(of.shown, SHOWN);
        const { tensor, fit } = tensorOf(converter, frame, { view: of, roi, input, place });
        // A box of the network input is the same box in display orientation.
        assert.deepEqual(fit, wanted.fit);
        const { mean, most } = differenceOf(tensor, wanted.tensor);
        assert.ok(mean < LIKE_UPRIGHT && most < 40, `${index}: ${mean}, ${most} grey levels`);
      }
    }),
    { numRuns: 40 },
  );
});

Deno.test(
  "turned: non-square pixels are scaled in the same call",
  { ignore },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const input = { width: 120, height: 96, bars: 0.5 };
    const narrow = `scale=${SHOWN.width / 2}:${SHOWN.height},setsar=2`;
    const path = await folder.make(...SOURCE, "-vf", `${narrow},transpose=cclock`, "narrow.nut");
    using squeezed = new Clip(libav, path);
    using converter = new TensorConverter(libav);
    const frame = squeezed.first();
    assert.equal(frame.pixelAspect, 0.5, "ffmpeg rotates the pixel aspect as well");
    const view = viewsOf(libav, squeezed, { rotate: 90, aspect: null }).of(frame);
    assert.deepEqual(view.shown, SHOWN);
    const found = tensorOf(converter, frame, { view, roi: null, input });
    assert.equal(converter.scalersMade, 1);
    using clip = new Clip(libav, await folder.make(...SOURCE, "-vf", SCALE, "square.nut"));
    using another = new TensorConverter(libav);
    const wanted = tensorOf(another, clip.first(), {
      view: viewOf(SHOWN, UPRIGHT, 1),
      roi: null,
      input,
    });
    assert.deepEqual(found.fit, wanted.fit);
    // Exactly half of the horizontal detail is lost.
    assert.ok(differenceOf(found.tensor, wanted.tensor).mean < 4);
  },
);

Deno.test("turned: a snapshot is in display orientation", { ignore }, async () => {
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
  const view = viewsOf(libav, clip).of(frame);
  Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, frame, view)));
  using picture = new Clip(libav, file);
  const { width, height } = picture.first();
  assert.deepEqual({ width, height }, SHOWN);
});
