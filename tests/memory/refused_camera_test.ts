/** Failing connection attempts, and their effect on the process. */
import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { logTo } from "../../src/core/log.ts";
import { FrameBus } from "../../src/framebus/bus.ts";
import { openLibav } from "../../src/libav/open.ts";
import { CameraLedger } from "../../src/framebus/ledger.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { Camera } from "../../src/stream/camera.ts";
import { CameraPacing } from "../../src/stream/camera_pacing.ts";
import { Snapshots } from "../../src/stream/snapshots.ts";
import type { SharedFrame } from "../../src/stream/shared_frame.ts";
import { sourceOf } from "../support/cameras/camera_source.ts";
import { locateChosenLibav } from "../support/streams/libav_choice.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePort } from "../support/system/ports.ts";

/** Number of open file descriptors of this process. */
async function openFiles(): Promise<number> {
  const child = new Deno.Command("sh", {
    // Counts only on request, because starting the program opens descriptors as well.
    args: ["-c", "read -r _; ls /proc/$PPID/fd | wc -l"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const request = child.stdin.getWriter();
  await request.write(new TextEncoder().encode("\n"));
  const { stdout } = await child.output();
  await request.close();
  return Number(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "camera: a thousand refused connections leak nothing",
  ignore: ignoreWithout("libav"),
  async fn() {
    using libav = openLibav(locateChosenLibav() ?? locateLibav());
    // Delays end immediately, so that the test takes seconds.
    const clock = { ...systemClock, sleep: () => Promise.resolve() };
    const ledger = new CameraLedger();
    const pacing = new CameraPacing();
    const bus = new FrameBus<SharedFrame>({
      clock,
      stallTimeoutMs: 10_000,
      ledger,
      pacing,
      announce: () => undefined,
      onDemandChanged: () => undefined,
    });
    bus.start();
    let attempts = 0;
    let rssBytes = 0;
    const files = await openFiles();
    const camera = new Camera({
      libav,
      source: sourceOf({ url: `rtsp://127.0.0.1:${freePort()}/x` }),
      bus,
      ledger,
      pacing,
      snapshots: new Snapshots(libav, () => undefined),
      clock,
      random: () => 0,
      onState: () => undefined,
      log: logTo(({ event }) => {
        if (event !== "camera.failed") return;
        attempts++;
        if (attempts === 200) {
          rssBytes = Deno.memoryUsage().rss;
        }
        if (attempts === 1000) camera.stop();
      }),
    });
    assert.equal(await camera.run(), "stopped");
    bus.stop();
    assert.equal(attempts, 1000);
    assert.equal(libav.alive, 0);
    assert.equal(await openFiles(), files);
    const grownBytes = Deno.memoryUsage().rss - rssBytes;
    assert.ok(grownBytes < 10e6, `grown by ${grownBytes} bytes`);
  },
});
