/** Capture times by the camera's own clock. */
import assert from "node:assert/strict";
import { epochMs, sinceMs } from "../../src/core/clock.ts";
import { makeCameraClips, SHAPES } from "../support/clips/camera_clips.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { tempFolder } from "../support/system/files.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const OFF_MS = -5000;
/** How late a frame may be read on a busy machine; without the reports it would be off by {@link OFF_MS}. */
const MAX_LATE_MS = 2000;
/** Of a stream of 25 frames per second. */
const INTERVAL_MS = 40;

for (const transport of ["tcp", "udp"] as const) {
  Deno.test({
    name: `capture: with sender reports (${transport}) frames carry the camera's own time`,
    ignore: ignoreWithout("libav", "ffmpeg"),
    async fn() {
      const clip = await patternClip(100, ["-bf", "0", "-g", "10"]);
      await using camera = HostileCamera.start({ clip, reportOffsetMs: OFF_MS });
      await using run = new CaptureRun({
        source: { url: camera.url, transport },
        detectors: [{ id: "consumer", rateHz: null }],
      });
      await run.until(
        "the camera's clock",
        () => run.frames.some(({ meta }) => meta.clock === "rtcp"),
      );
      await run.further(20);
      const taken = run.frames.slice(-10);
      const metas = taken.map(({ meta }) => meta);
      for (const { meta: { clock, capturedAtMs }, arrivedAtMs } of taken) {
        assert.equal(clock, "rtcp");
        const arrivedWallMs = performance.timeOrigin + arrivedAtMs;
        const latencyMs = arrivedWallMs - (epochMs(capturedAtMs) - OFF_MS);
        assert.ok(latencyMs > -100 && latencyMs < MAX_LATE_MS, `off by ${latencyMs} ms`);
      }
      // A newer one was taken instead of any in between.
      const first = metas[0] ?? assert.fail("there are no frames");
      for (const { capturedAtMs, seq } of metas) {
        const apartMs = sinceMs(first.capturedAtMs, capturedAtMs);
        const offMs = apartMs - INTERVAL_MS * (seq - first.seq);
        assert.ok(Math.abs(offMs) < 1, `${offMs} ms off at ${seq}`);
      }
    },
  });
}

Deno.test({
  name: "capture: B-frames, whose packets are reordered, carry their own times",
  ignore: ignoreWithout("libav", "ffmpeg", "gst-rtsp-server"),
  async fn() {
    using folder = tempFolder();
    const [shape] = SHAPES;
    const clip = shape && (await makeCameraClips(shape, folder.path)).get("h265");
    assert.ok(clip);
    await using camera = await RtspServer.start({ clip, codec: "h265" });
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{ id: "consumer", rateHz: null }],
    });
    const timed = () => run.frames.map(({ meta }) => meta).filter(({ clock }) => clock === "rtcp");
    await run.until("the camera's clock", () => timed().length >= 20);
    for (const field of ["ptsSeconds", "capturedAtMs"] as const) {
      const times = run.frames.map(({ meta }) => Number(meta[field]));
      assert.deepEqual(times, times.toSorted((a, b) => a - b), field);
    }
    // The first may be delayed by the order of frames before them, whose times were those of arrival.
    const offsMs = timed().slice(10).map(({ capturedAtMs, ptsSeconds }) =>
      epochMs(capturedAtMs) - 1000 * ptsSeconds
    );
    assert.ok(Math.max(...offsMs) - Math.min(...offsMs) < 1, `${offsMs}`);
  },
});
