/** Pictures of stays: which part of a frame they show, and what is black in them. */
import assert from "node:assert/strict";
import { steadyMs, wallMs } from "../../src/core/clock.ts";
import { acrossSize, ORIENTATIONS, UPRIGHT, type View, viewOf } from "../../src/core/display.ts";
import type { PointNorm } from "../../src/core/geometry.ts";
import type { Libav } from "../../src/libav/library.ts";
import { FramePool, type SharedFrame } from "../../src/stream/shared_frame.ts";
import { stayJpeg } from "../../src/stream/stay_jpeg.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, ffmpeg, TempFolder, testLibav, TWO_PEOPLE } from "./support.ts";
import { assertLike, grey, turnedPictures } from "./turned.ts";

const ignore = ignoreWithout("libav", "ffmpeg");

const SHOWN = { width: 640, height: 360 };
const SCALE = `scale=${SHOWN.width}:${SHOWN.height},setsar=1`;
const BOX = { x: 300, y: 100, width: 100, height: 150 };
/** With its margin, on whole chroma samples. */
const CROP = { x: 268, y: 68, width: 164, height: 212 };
/** The lower left triangle of the picture. */
const MASK: PointNorm[] = [{ x: 0, y: 0 }, { x: 1, y: 1 }, { x: 0, y: 1 }];
/** Pixels beside the edge of a mask that compression may change. */
const EDGE_PX = 9;

/** The first frame of a file. The caller releases it. */
function frameOf(libav: Libav, pool: FramePool, path: string, view: View): SharedFrame {
  using clip = new Clip(libav, path);
  const frame = pool.take();
  frame.picture.refFrom(clip.first());
  frame.info = {
    seq: 1,
    isKey: true,
    ptsSeconds: 0,
    capturedAtMs: wallMs(0),
    arrivedAtMs: steadyMs(0),
    shownAtMs: steadyMs(0),
    clock: "file",
    view,
  };
  return frame;
}

/** The first frame of the demo clip, as shown. */
function original(filters: string): Promise<Uint8Array> {
  const output = ["-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "gray", "-"];
  return ffmpeg("-ss", "2", "-i", TWO_PEOPLE, "-vf", `${SCALE}${filters}`, ...output);
}

Deno.test(
  "stay jpeg: in all eight orientations the crop shows the box, and what is masked is black",
  {
    ignore,
  },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    using pool = new FramePool(libav);
    const { x, y, width, height } = CROP;
    const wanted = await original(`,crop=${width}:${height}:${x}:${y}:exact=1`);
    const file = `${folder.path}/picture.jpg`;
    const save = (bytes: ArrayBuffer) => Deno.writeFileSync(file, new Uint8Array(bytes));
    for (const [index, path] of (await turnedPictures(folder, SCALE)).entries()) {
      const orientation = ORIENTATIONS[index] ?? UPRIGHT;
      const view = viewOf(acrossSize(SHOWN, orientation), orientation, 1);
      const frame = frameOf(libav, pool, path, view);
      const request = { frame, box: BOX, mode: "crop" as const };
      save(stayJpeg(libav, { ...request, masks: [] }));
      assertLike(await grey(file), wanted, `${index}`);
      save(stayJpeg(libav, { ...request, masks: [MASK] }));
      const masked = await grey(file);
      assert.equal(masked.length, width * height);
      let shown = 0;
      masked.forEach((level, at) => {
        const across = (x + at % width) / SHOWN.width;
        const down = (y + Math.floor(at / width)) / SHOWN.height;
        const below = (down - across) * SHOWN.height;
        if (below > EDGE_PX) assert.ok(level < 12, `${index}: ${level} at ${at}, ${below} inside`);
        if (below < -EDGE_PX) shown += Math.abs(level - (wanted[at] ?? NaN)) < 20 ? 1 : 0;
      });
      assert.ok(shown > width * height * 0.2, "the rest is as it was");
      frame.release();
    }
  },
);

Deno.test(
  "stay jpeg: a whole frame is scaled to its bound, masks with it",
  { ignore },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    using pool = new FramePool(libav);
    const path = await folder.make(
      ...["-f", "lavfi", "-i", "color=white:size=2560x1440", "-frames:v", "1"],
      ...["-c:v", "rawvideo", "-pix_fmt", "yuv420p", "white.nut"],
    );
    const frame = frameOf(libav, pool, path, viewOf({ width: 2560, height: 1440 }, UPRIGHT, 1));
    const file = `${folder.path}/picture.jpg`;
    const left = [{ x: 0, y: 0 }, { x: 0.25, y: 0 }, { x: 0.25, y: 1 }, { x: 0, y: 1 }];
    const bytes = stayJpeg(libav, { frame, box: BOX, mode: "frame", masks: [left] });
    Deno.writeFileSync(file, new Uint8Array(bytes));
    frame.release();
    const levels = await grey(file);
    assert.equal(levels.length, 1280 * 720);
    const wrong = levels.filter((level, at) => {
      const x = at % 1280;
      if (Math.abs(x - 320) <= EDGE_PX) return false;
      return x < 320 ? level > 12 : level < 243;
    });
    assert.equal(wrong.length, 0);
  },
);

Deno.test("stay jpeg: where a frame is scaled down nothing masked shines through at the edge", {
  ignore,
}, async () => {
  using folder = new TempFolder();
  using libav = testLibav();
  using pool = new FramePool(libav);
  // White up to where the mask ends.
  const source = "color=black:size=2560x1440,drawbox=0:0:642:1440:white:fill";
  const path = await folder.make(
    ...["-f", "lavfi", "-i", source, "-frames:v", "1"],
    ...["-c:v", "rawvideo", "-pix_fmt", "yuv420p", "half.nut"],
  );
  const frame = frameOf(libav, pool, path, viewOf({ width: 2560, height: 1440 }, UPRIGHT, 1));
  const file = `${folder.path}/picture.jpg`;
  const edge = 642 / 2560;
  const masks = [[{ x: 0, y: 0 }, { x: edge, y: 0 }, { x: edge, y: 1 }, { x: 0, y: 1 }]];
  Deno.writeFileSync(
    file,
    new Uint8Array(stayJpeg(libav, { frame, box: BOX, mode: "frame", masks })),
  );
  frame.release();
  const brightest = (await grey(file)).reduce((most, level) => Math.max(most, level));
  assert.ok(brightest < 12, `${brightest}`);
});

for (const format of ["gray", "yuv422p", "yuv411p", "yuv420p10le"]) {
  Deno.test(`stay jpeg: a frame of ${format} is cropped`, { ignore }, async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    using pool = new FramePool(libav);
    const { x, y, width, height } = CROP;
    const output = ["-c:v", "rawvideo", "-pix_fmt", format, "clip.nut"];
    const path = await folder.make(
      ...["-ss", "2", "-i", TWO_PEOPLE, "-frames:v", "1", "-vf", SCALE, ...output],
    );
    const frame = frameOf(libav, pool, path, viewOf(SHOWN, UPRIGHT, 1));
    const file = `${folder.path}/picture.jpg`;
    const bytes = stayJpeg(libav, { frame, box: BOX, mode: "crop", masks: [] });
    Deno.writeFileSync(file, new Uint8Array(bytes));
    frame.release();
    const wanted = await original(`,crop=${width}:${height}:${x}:${y}:exact=1`);
    assertLike(await grey(file), wanted, format);
  });
}
