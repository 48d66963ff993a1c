import assert from "node:assert/strict";
import { letterbox } from "../../src/core/geometry.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import {
  compare,
  firstTensor,
  h264,
  MEAN_TOLERANCE,
  reference,
  TempFolder,
  type TestInput,
  testLibav,
  thrownCode,
} from "./support.ts";

const ignoreClips = ignoreWithout("libav", "ffmpeg");

const SQUARE: TestInput = { width: 416, height: 416, bars: 114 / 255 };

/** Output formats of cameras' codecs and drivers, and some others. */
const FORMATS = ["yuv422p", "yuv444p", "yuv411p", "yuv420p10le", "nv12", "yuyv422"]
  .concat(["uyvy422", "gbrp", "rgb24", "bgra", "pal8", "gray", "gray10le", "gray12le"]);

Deno.test(
  "converter: pixel formats other than 4:2:0 of 8 bits",
  { ignore: ignoreClips },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    const crop = { x: 64, y: 32, width: 200, height: 150 };
    const fit = letterbox(crop, SQUARE);
    for (const format of FORMATS) {
      const path = await folder.make(
        ...["-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "2"],
        ...["-c:v", format.startsWith("gray1") ? "ffv1" : "rawvideo"],
        ...["-pix_fmt", format, `${format}.nut`],
      );
      const { tensor, format: decoded } = firstTensor(libav, path, () => fit, SQUARE);
      assert.equal(decoded, format);
      const { mean, damagedBars } = compare(tensor, fit, SQUARE, await reference(path, crop, fit));
      assert.equal(damagedBars, 0, format);
      assert(mean < MEAN_TOLERANCE, `${format}: ${mean} grey levels off`);
    }
  },
);

Deno.test("converter: a crop between chroma samples is refused, unless chroma is not subsampled", {
  ignore: ignoreClips,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const convertAt = (path: string, x: number, y: number) =>
    thrownCode(() => {
      const fit = letterbox({ x, y, width: 100, height: 100 }, SQUARE);
      firstTensor(libav, path, () => fit, SQUARE);
    });
  const subsampled = await folder.make(...h264("testsrc2=size=320x240"), "420.mp4");
  assert.equal(convertAt(subsampled, 3, 4), "STREAM_CROP");
  assert.equal(convertAt(subsampled, 4, 3), "STREAM_CROP");
  assert.equal(convertAt(subsampled, 4, 4), "nothing was thrown");
  const raw = ["-f", "lavfi", "-i", "testsrc2=size=320x240", "-frames:v", "1", "-c:v", "rawvideo"];
  const full = await folder.make(...raw, "-pix_fmt", "yuv444p", "444.nut");
  assert.equal(convertAt(full, 3, 3), "nothing was thrown");
  Deno.writeFileSync(`${folder.path}/sensor.raw`, new Uint8Array(320 * 240).fill(99));
  const bayer = await folder.make(
    ...["-f", "rawvideo", "-pixel_format", "bayer_bggr8", "-video_size", "320x240"],
    ...["-i", `${folder.path}/sensor.raw`, "-c", "copy", "bayer.nut"],
  );
  assert.equal(convertAt(bayer, 8, 8), "STREAM_PIXEL_FORMAT");
  assert.equal(convertAt(bayer, 0, 0), "nothing was thrown");
  const bits = await folder.make(...raw, "-pix_fmt", "monob", "bits.nut");
  assert.equal(convertAt(bits, 0, 0), "STREAM_PIXEL_FORMAT");
});
