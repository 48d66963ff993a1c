/** Frames whose orientation is in the SEI of a keyframe that no detector gets. */
import assert from "node:assert/strict";
import { type Orientation, orientationOf } from "../../src/core/display.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { messageOf } from "../support/clips/orientation.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { rawClip } from "../support/cameras/rtp_h264.ts";

const FPS = 25;
/** One second, then ten, each with one keyframe and the orientation in its SEI. */
const PARTS = [
  { frames: 25, orientation: orientationOf(1, false), shown: { width: 128, height: 96 } },
  { frames: 250, orientation: orientationOf(2, false), shown: { width: 96, height: 128 } },
] as const;
const [FIRST, SECOND] = PARTS;

async function encode(frames: number, orientation: Orientation): Promise<Uint8Array<ArrayBuffer>> {
  const source = `-v error -f lavfi -i testsrc2=size=96x128:rate=${FPS} -frames:v ${frames}`;
  const encoder = "-c:v libx264 -preset ultrafast -g 250 -bf 0 -pix_fmt yuv420p";
  const message = `h264_metadata=aud=insert:${messageOf(orientation)}`;
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: [...`${source} ${encoder}`.split(" "), "-bsf:v", message, "-f", "h264", "-"],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return stdout;
}

Deno.test({
  name:
    "capture: a decoder that catches up applies the orientation of the keyframe that it skipped",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    const parts = await Promise.all(PARTS.map((part) => encode(part.frames, part.orientation)));
    const clip = rawClip(new Uint8Array(await new Blob(parts).arrayBuffer()));
    await using camera = HostileCamera.start({ clip });
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{ id: "finder", rateHz: null }],
    });
    await run.further(1);
    run.rate("finder", null, true);
    const received = async () => (await run.report()).account.received;
    while (await received() < FIRST.frames + 5) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    run.rate("finder", null);
    await run.further(3);
    for (const { meta: { size, ptsSeconds } } of run.frames) {
      const frame = Math.round(ptsSeconds * FPS) % (FIRST.frames + SECOND.frames);
      const { shown } = frame < FIRST.frames ? FIRST : SECOND;
      assert.deepEqual(size, shown, `frame ${frame}`);
    }
  },
});
