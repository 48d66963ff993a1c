/** A camera that goes silent without a word: the state says so when an observer's stopwatch does. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/capture_run.ts";
import { DEMO_CLIP } from "../support/files.ts";
import { PATIENCE } from "../support/lines.ts";
import { ignoreWithout } from "../support/parts.ts";
import { RtspServer } from "../support/rtsp_server.ts";

const STALL_MS = 2000;
const TOLERANCE_MS = 500 * PATIENCE;

Deno.test({
  name: "capture: a camera that freezes (SIGSTOP) leaves online when its stall time is over",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    await using camera = await RtspServer.start({ clip: DEMO_CLIP });
    let lastFrameAtMs = 0;
    await using run = new CaptureRun({
      source: { url: camera.url, stallTimeoutMs: STALL_MS },
      detectors: [{ id: "taker", rateHz: null, onFrame: () => lastFrameAtMs = performance.now() }],
    });
    await run.further(30);
    camera.freeze();
    try {
      const stalled = await run.state("stalled");
      assert.equal(stalled.reason, "STREAM_STALLED");
      const afterMs = stalled.atMs - lastFrameAtMs;
      assert.ok(Math.abs(afterMs - STALL_MS) <= TOLERANCE_MS, `after ${afterMs} ms`);
    } finally {
      camera.thaw();
    }
    const stalls = run.states.length;
    await run.state("online", stalls);
  },
});
