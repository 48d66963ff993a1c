/** Display orientation and pixel aspect: what libav reports, and the view that Orion derives. */
import assert from "node:assert/strict";
import { type Orientation, ORIENTATIONS, UPRIGHT } from "../../src/core/display.ts";
import { encodeJpeg } from "../../src/libav/jpeg.ts";
import type { Libav } from "../../src/libav/library.ts";
import { h265Message, messageOf } from "../support/clips/orientation.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, ffmpeg, TempFolder, testLibav } from "./support.ts";
import { assertLike, grey, h264, SCALE, SHOWN, SOURCE, viewsOf } from "./turned.ts";

const ignore = ignoreWithout("libav", "ffmpeg");

/** The view of each frame of a clip. */
function orientationsOf(libav: Libav, path: string): Orientation[] {
  using clip = new Clip(libav, path);
  const views = viewsOf(libav, clip);
  const found: Orientation[] = [];
  clip.decodeAll((frame) => void found.push(views.of(frame).orientation));
  return found;
}

/** Three frames of H.264 without a container, with or without a display orientation SEI. */
function annexB(message: string | null, filters = SCALE): Promise<Uint8Array> {
  const sei = message === null ? "" : `:${message}`;
  return ffmpeg(...h264(filters, "-bsf:v", `h264_metadata=aud=insert${sei}`, "-f", "h264", "-"));
}

async function written(folder: TempFolder, name: string, parts: Uint8Array[]): Promise<string> {
  const path = `${folder.path}/${name}`;
  const bytes = parts.map((bytes) => new Uint8Array(bytes));
  Deno.writeFileSync(path, new Uint8Array(await new Blob(bytes).arrayBuffer()));
  return path;
}

Deno.test("orientation: H.264 signals all eight, also changing in the middle of a stream", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const units = await Promise.all(ORIENTATIONS.map((one) => annexB(messageOf(one))));
  const path = await written(folder, "eight.h264", [...units, await annexB(null)]);
  const wanted = [...ORIENTATIONS, UPRIGHT].flatMap((one) => [one, one, one]);
  assert.deepEqual(orientationsOf(libav, path), wanted);
});

Deno.test("orientation: H.265 signals all eight, also changing in the middle of a stream", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const encode = ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none"];
  const source = [...SOURCE, "-vf", SCALE, ...encode, "-pix_fmt", "yuv420p"];
  const stream = await ffmpeg(...source, "-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc", "-");
  // An access unit delimiter: a start code of four bytes, a header of two, and one more.
  const [head, tail] = [stream.slice(0, 7), stream.slice(7)];
  const units = ORIENTATIONS.flatMap((one) => [head, h265Message(one), tail]);
  const path = await written(folder, "eight.h265", units);
  assert.deepEqual(orientationsOf(libav, path), ORIENTATIONS);
});

Deno.test("orientation: a container signals it for all frames, and ffmpeg shows them alike", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const path = await folder.make(...h264(SCALE), "upright.mp4");
  // ffmpeg writes this tag as a rotation to the left.
  for (const left of [0, 90, 180, 270]) {
    const tag = ["-c", "copy", "-metadata:s:v:0", `rotate=${left}`];
    const turned = await folder.make("-i", path, ...tag, `${left}.mp4`);
    using clip = new Clip(libav, turned);
    const frame = clip.first();
    const view = viewsOf(libav, clip).of(frame);
    assert.equal(view.orientation.quarterTurns, (4 - left / 90) % 4);
    // Rotated further as configured.
    const more = viewsOf(libav, clip, { rotate: 270, aspect: null }).of(frame);
    assert.equal(more.orientation.quarterTurns, (7 - left / 90) % 4);
    const wanted = await grey(turned);
    const file = `${folder.path}/picture.jpg`;
    Deno.writeFileSync(file, new Uint8Array(encodeJpeg(libav, frame, view)));
    assertLike(await grey(file), wanted, `${left}`);
    const views = viewsOf(libav, clip);
    clip.decodeAll((frame) => {
      assert.equal(views.of(frame).orientation, view.orientation);
    });
  }
});

Deno.test("aspect: the pixel aspect is the stream's, also when it changes, or the configured one", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  const aspects = ["1", "2", "12/11", "0"];
  const parts = await Promise.all(
    aspects.map((sar) => annexB(null, `scale=${SHOWN.width}:${SHOWN.height},setsar=${sar}`)),
  );
  const shapes = (path: string, aspect: number | null) => {
    using clip = new Clip(libav, path);
    const views = viewsOf(libav, clip, { rotate: 0, aspect });
    const found: string[] = [];
    clip.decodeAll((frame) => {
      const { shown: { width, height } } = views.of(frame);
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
