/** A capture worker whose camera sends frames as fast as the connection allows. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { FloodCamera } from "../support/cameras/flood_camera.ts";
import { clipChunks } from "../support/cameras/floods.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout, programPath } from "../support/system/parts.ts";
import { type RawClip, rawClip } from "../support/cameras/rtp_h264.ts";

const MIB = 1024 * 1024;
/**
 * Growth of the process once packets arrive: those of one read and of one GOP are kept, and V8 enlarges its
 * young generation. When a read was not limited in packets, growth was twice that.
 */
const MAX_GROWTH_MIB = 40;
const FRAMES = 5;
/** A camera is read at up to 240 packets per second after a burst. */
const PICTURES = 2_000;
const GOP = 500;

/** Static frames of one colour: about twenty bytes each. */
async function tinyPictures(): Promise<RawClip> {
  const { success, stdout, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-f", "lavfi", "-i", "color=size=64x64:rate=25"]
      .concat(["-frames:v", String(GOP), "-c:v", "libx264", "-preset", "ultrafast"])
      .concat(["-tune", "zerolatency", "-g", String(GOP), "-sc_threshold", "0"])
      .concat(["-bsf:v", "h264_metadata=aud=insert", "-f", "h264", "-"]),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return rawClip(stdout);
}

Deno.test({
  name: "memory: a capture worker bounds the packets of a flood, and stays responsive",
  ignore: ignoreWithout("libav"),
  async fn() {
    await using camera = FloodCamera.start(clipChunks(await tinyPictures()));
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{ id: "five", rateHz: 5 }],
    });
    await run.further(1);
    const startMib = Deno.memoryUsage().rss / MIB;
    await run.further(FRAMES);
    const received = async () => (await run.report()).account.received;
    // Each request is answered by a message: many of them would grow the process themselves.
    while (await received() < PICTURES) await systemClock.sleep(50);
    const grownMib = Deno.memoryUsage().rss / MIB - startMib;
    assert.ok(grownMib < MAX_GROWTH_MIB, `it grew by ${grownMib.toFixed(1)} MiB`);
    const { account } = await run.stop();
    assertCloses(account);
  },
});
