/** A stream that changes its size and pixel format again and again: each box is where it was drawn. */
import assert from "node:assert/strict";
import type { CameraAccount } from "../../src/core/accounts.ts";
import type { CameraSource } from "../../src/core/camera_types.ts";
import type { FrameMeta } from "../../src/core/frame_meta.ts";
import { boxNorm, letterbox } from "../../src/core/geometry.ts";
import { inputFor, type InputPolicy } from "../../src/core/model_input.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import {
  changingStream,
  LOOKS,
  type Sight,
  sightOf,
  turningStream,
} from "../support/clips/changing_clip.ts";
import { tempFolder } from "../support/system/files.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { rawClip } from "../support/cameras/rtp_h264.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const [stream, turning] = ignore
  ? [new Uint8Array(), new Uint8Array()]
  : await Promise.all([changingStream(), turningStream()]);
const INPUT = fixedInput({ width: 160, height: 160 }, 0.25);
/** One that follows the shape of the frame, or of its region. */
const FREE: InputPolicy = {
  size: { kind: "free", maxPixels: 192 * 128, stepPx: 32 },
  ...{ placement: "centre", bars: 0.25 },
};
/** One pixel of the tensor is up to two of the source, and a box has two edges. */
const TOLERANCE_PX = 4;

interface Seen extends Sight {
  readonly meta: FrameMeta;
}

function watch(
  source: Partial<CameraSource> & { readonly url: string },
  input = INPUT,
): [CaptureRun, Seen[]] {
  const seen: Seen[] = [];
  const run = new CaptureRun({
    source,
    detectors: [{
      id: "finder",
      rateHz: null,
      input,
      onFrame: (meta, tensor) => void seen.push({ ...sightOf(tensor, meta.fit, input.bars), meta }),
    }],
  });
  return [run, seen];
}

/** The metadata of a frame is its own, independent of the frames before it. */
function assertRight({ meta, look, box, barsWhole }: Seen): void {
  const what = `frame ${meta.seq}, ${look.colour}`;
  const { width, height } = look;
  assert.deepEqual(meta.size, { width, height }, what);
  assert.ok(barsWhole, `${what}: the bars`);
  for (const side of ["x", "y", "width", "height"] as const) {
    const off = Math.abs(box[side] - look.box[side]);
    assert.ok(
      off <= TOLERANCE_PX,
      `${what}: ${JSON.stringify(box)} for ${JSON.stringify(look.box)}`,
    );
  }
}

/** Every kind of frame was delivered, and none was dropped as unconvertible. */
function assertAll(seen: readonly Seen[], account: CameraAccount): void {
  assertCloses(account);
  assert.equal(account.detectors[0]?.dropped.unconvertible, 0);
  assert.equal(new Set(seen.map(({ look }) => look)).size, LOOKS.length);
}

/** How often the kind of frame changes. */
function changesIn(seen: readonly Seen[]): number {
  return seen.filter(({ look }, index) => index > 0 && look !== seen[index - 1]?.look).length;
}

Deno.test({
  name:
    "capture: a camera may change size and pixel format hundreds of times: no box is wrong, and " +
    "nothing leaks",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: rawClip(stream), speed: 10 });
    const [run, seen] = watch({ url: camera.url, decode: "all" });
    await using _ends = run;
    await run.until("300 changes", () => changesIn(seen) >= 300);
    for (const one of seen) assertRight(one);
    assert.deepEqual(run.states.map(({ state }) => state), ["connecting", "online"]);
    // The worker closes its libraries only when every object of theirs is freed.
    const { account } = await run.stop();
    assertAll(seen, account);
    assert.equal(account.corrupt, 0);
  },
});

Deno.test({
  name:
    "capture: frames that have to be rotated, mirrored and scaled to square pixels, each in its " +
    "own way, are delivered as displayed",
  ignore,
  async fn() {
    await using camera = HostileCamera.start({ clip: rawClip(turning), speed: 10 });
    const [run, seen] = watch({ url: camera.url, decode: "all" }, FREE);
    await using _ends = run;
    await run.until("60 changes", () => changesIn(seen) >= 60);
    for (const one of seen) {
      assertRight(one);
      assert.deepEqual(one.meta.fit.input, inputFor(FREE, one.look));
    }
    const { info } = await run.report();
    const shown = LOOKS.map(({ width, height }) => `${width}x${height}`);
    assert.ok(info !== null && shown.includes(`${info.width}x${info.height}`));
    assert.ok(info.codedWidth * info.codedHeight <= info.width * info.height);
    const { account } = await run.stop();
    assertAll(seen, account);
    assert.equal(account.corrupt, 0);
  },
});

for (
  const [what, bytes, placement] of [
    ["changes size and pixel format", stream, "top-left"],
    ["has to be rotated and scaled to square pixels", turning, "stretch"],
  ] as const
) {
  Deno.test({
    name: `capture: a file that ${what} keeps its region in place, ${placement}`,
    ignore,
    async fn() {
      using folder = tempFolder();
      const file = folder.write("changing.h264", bytes);
      const roi = boxNorm({ x: 0.02, y: 0.09, width: 0.9, height: 0.9 });
      const [run, seen] = watch({ url: `file:${file}`, file, loop: true, roi }, {
        ...FREE,
        placement,
      });
      await using _ends = run;
      await run.until("40 changes", () => changesIn(seen) >= 40);
      for (const one of seen) {
        assertRight(one);
        const { roi: crop, size, fit } = one.meta;
        assert.deepEqual(crop, fit.crop);
        assert.ok(crop !== null);
        assert.ok(Math.abs(crop.x - roi.x * size.width) <= 4);
        assert.ok(Math.abs(crop.y - roi.y * size.height) <= 4);
        assert.ok(Math.abs(crop.width - roi.width * size.width) <= 4);
        assert.deepEqual(fit, letterbox(crop, inputFor(FREE, crop), placement));
      }
      const { account } = await run.stop();
      assertAll(seen, account);
    },
  });
}

Deno.test({
  name: "capture: rotate and aspect apply in addition to the orientation and aspect of the stream",
  ignore,
  async fn() {
    using folder = tempFolder();
    const file = folder.write("changing.h264", stream);
    // Before rotation a frame is to be three times as wide as high.
    const [run, seen] = watch({ url: `file:${file}`, file, loop: true, rotate: 90, aspect: 3 });
    await using _ends = run;
    await run.until("8 changes", () => changesIn(seen) >= 8);
    for (const { meta: { size }, look, box } of seen) {
      const stretched = { width: 3 * look.height, height: look.height };
      assert.deepEqual(size, { width: look.height, height: stretched.width });
      const stretch = stretched.width / look.width;
      const wanted = {
        x: look.height - look.box.y - look.box.height,
        y: look.box.x * stretch,
        width: look.box.height,
        height: look.box.width * stretch,
      };
      // A pixel of the tensor is up to five of the frame's.
      const off = Math.max(
        ...(["x", "y", "width", "height"] as const).map((side) =>
          Math.abs(box[side] - wanted[side])
        ),
      );
      assert.ok(off <= 12, `${JSON.stringify(box)} for ${JSON.stringify(wanted)}`);
    }
  },
});
