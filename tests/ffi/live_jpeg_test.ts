/** Live pictures: what is drawn on them is where it is in the picture as shown. */
import assert from "node:assert/strict";
import { steadyMs, wallMs } from "../../src/core/clock.ts";
import { acrossSize, ORIENTATIONS, UPRIGHT, viewOf } from "../../src/core/display.ts";
import { JpegEncoder } from "../../src/libav/jpeg.ts";
import { FramePool } from "../../src/stream/shared_frame.ts";
import { liveJpeg, MAX_LIVE_PX } from "../../src/stream/live_jpeg.ts";
import { decodeJpeg } from "../support/clips/jpeg.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, TempFolder, testLibav, TWO_PEOPLE } from "./support.ts";
import { turnedPictures } from "./turned.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const SHOWN = { width: 640, height: 360 };
const BOX = { x: 480, y: 40, width: 120, height: 80 };
const DRAWING = { boxes: [BOX], zones: [], lines: [] };
const STAMPS = { isKey: true, ptsSeconds: 0, clock: "file" } as const;
const TIMES = { capturedAtMs: wallMs(7), arrivedAtMs: steadyMs(0), shownAtMs: steadyMs(0) };

/** Whether the pixels along the sides of the box have the colour of boxes, and those inside have not. */
function assertDrawn(pixels: Uint8Array, width: number, scale: number, what: string): void {
  const isGreen = (x: number, y: number) => {
    const at = 3 * (Math.round(y * scale) * width + Math.round(x * scale));
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3);
    return green > red + 40 && green > blue + 40;
  };
  const { x, y } = BOX;
  for (let part = 0.1; part < 0.95; part += 0.1) {
    const [across, down] = [x + part * BOX.width, y + part * BOX.height];
    assert.ok(isGreen(across, y + 1) && isGreen(across, y + BOX.height - 1), `${what}: ${across}`);
    assert.ok(isGreen(x + 1, down) && isGreen(x + BOX.width - 1, down), `${what}: ${down}`);
    assert.ok(!isGreen(across, y + 20) && !isGreen(x - 10, down), `${what}: beside it`);
  }
}

Deno.test(
  "live jpeg: in all eight orientations a box is where the detection was, and the frame as it was",
  {
    ignore,
  },
  async () => {
    using folder = new TempFolder();
    using libav = testLibav();
    using encoder = new JpegEncoder(libav);
    using pool = new FramePool(libav);
    const scale = `scale=${SHOWN.width}:${SHOWN.height},setsar=1`;
    for (const [index, path] of (await turnedPictures(folder, scale)).entries()) {
      const orientation = ORIENTATIONS[index] ?? UPRIGHT;
      const view = viewOf(acrossSize(SHOWN, orientation), orientation, 1);
      using clip = new Clip(libav, path);
      const frame = pool.take();
      frame.picture.refFrom(clip.first());
      frame.info = { seq: 1, ...STAMPS, ...TIMES, view };
      const plain = liveJpeg(encoder, { frame, masks: [], drawing: null });
      const boxed = liveJpeg(encoder, { frame, masks: [], drawing: DRAWING });
      assert.deepEqual([boxed.width, boxed.height], [SHOWN.width, SHOWN.height]);
      assert.equal(boxed.capturedAtMs, wallMs(7));
      assertDrawn(await decodeJpeg(boxed.bytes, "rgb24"), SHOWN.width, 1, `${index}`);
      const again = liveJpeg(encoder, { frame, masks: [], drawing: null });
      assert.deepEqual(new Uint8Array(again.bytes), new Uint8Array(plain.bytes));
      frame.release();
    }
  },
);

Deno.test("live jpeg: a large picture is made smaller, with its boxes", { ignore }, async () => {
  using libav = testLibav();
  using encoder = new JpegEncoder(libav);
  using pool = new FramePool(libav);
  using clip = new Clip(libav, TWO_PEOPLE);
  const frame = pool.take();
  frame.picture.refFrom(clip.first());
  frame.info = { seq: 1, ...STAMPS, ...TIMES, view: viewOf(frame.picture, UPRIGHT, 1) };
  const { width, height, bytes } = liveJpeg(encoder, { frame, masks: [], drawing: DRAWING });
  assert.deepEqual([width, height], [MAX_LIVE_PX, 540]);
  assertDrawn(await decodeJpeg(bytes, "rgb24"), width, 0.75, "scaled");
  frame.release();
});
