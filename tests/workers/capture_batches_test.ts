/** Packets are read in batches while no detector is due; a late take gets the newest frame all the same. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { patternClip } from "../support/clips/pattern.ts";

/** More than two frames of 25 a second. */
const LATE_MS = 100;

Deno.test({
  name: "capture: a worker that takes late gets the newest frame, although reading was delayed",
  ignore: ignoreWithout("libav", "ffmpeg"),
  async fn() {
    const clip = await patternClip(100, ["-bf", "0", "-g", "25"]);
    await using camera = HostileCamera.start({ clip });
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{ id: "late", rateHz: 4, lateMs: LATE_MS }],
    });
    // Reading is delayed only once the camera's cadence is known.
    await run.until("32 frames", () => (run.frames.at(-1)?.meta.seq ?? 0) > 32);
    const before = run.frames.length;
    await run.further(12);
    const newer = run.frames.slice(before).map(({ meta, announcedSeq }) => meta.seq - announcedSeq);
    assert.ok(newer.filter((frames) => frames >= 1).length >= 10, `${newer}`);
    const { account } = await run.stop();
    assertCloses(account);
    assert.ok((account.detectors[0]?.dropped.overwritten ?? 0) >= 10);
  },
});
