/** A camera that stops sending without closing the connection: its state is stalled after the timeout. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { assertReportedAfter } from "../support/cameras/stalls.ts";

const STALL_MS = 2000;
/** The clocks of two threads are not read at the same instant. */
const CLOCKS_MS = 50;

Deno.test({
  name: "capture: a camera that freezes (SIGSTOP) leaves online at the stall timeout",
  ignore: ignoreWithout("libav", "gst-rtsp-server"),
  async fn() {
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    await using run = new CaptureRun({
      source: { url: camera.url, stallTimeoutMs: STALL_MS },
      detectors: [{ id: "consumer", rateHz: null }],
    });
    await run.further(30);
    camera.freeze();
    try {
      const stalled = await run.state("stalled");
      assert.equal(stalled.reason, "STREAM_STALLED");
      assertReportedAfter(run, stalled, STALL_MS);
    } finally {
      camera.thaw();
    }
    const stalls = run.states.length;
    await run.state("online", stalls);
    const [first, silentSinceMs, again] = run.silences;
    assert.deepEqual([first, again, run.silences.length], [null, null, 3]);
    assert.ok(silentSinceMs !== null && silentSinceMs !== undefined);
    const lastAtMs = run.states.find(({ state }) => state === "stalled")?.atMs ?? assert.fail();
    assert.ok(silentSinceMs < lastAtMs - STALL_MS + CLOCKS_MS, "it counts from the last frame");
  },
});
