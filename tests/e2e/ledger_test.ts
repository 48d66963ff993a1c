/** The sums of the ledger at random moments of a run with all kinds of disturbances. */
import assert from "node:assert/strict";
import { TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertMetricsClose } from "../support/product/metric_sums.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";

const SNAPSHOTS = 60;

/** Resolves after a random delay, so that the moments do not coincide with the cadence of frames. */
function someMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 150));
}

/** Disturbances of the running system, applied one after another. */
function disturbances(run: ScriptedOrion, camera: { restart(): Promise<void> }) {
  return [
    () => run.command("pause", { detector: "sound" }),
    () => run.command("set_rate", { detector: "frail", rateHz: 7 }),
    () => run.command("resume", { detector: "sound" }),
    () => run.command("pause", { camera: "a" }),
    () => camera.restart(),
    () => run.command("set_rate", { detector: "sound", rateHz: 0.5, camera: "b" }),
    () => run.command("resume", { camera: "a" }),
    () => run.command("set_roi", { camera: "b", roi: { x: 0.1, y: 0.1, width: 0.5, height: 0.5 } }),
    () => run.command("set_rate", { detector: "sound", rateHz: 20 }),
    () => run.command("clear_roi", { camera: "b" }),
  ];
}

Deno.test({
  name:
    "ledger: its sums hold throughout pauses, rate changes, failing workers and a disconnected camera",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    let server = await RtspServer.start({ clip: TWO_PEOPLE_CLIP });
    const { port, url } = server;
    try {
      await using run = await ScriptedOrion.start({
        config: [
          "cameras:",
          '  - { id: a, url: "demo:" }',
          '  - { id: b, url: "demo:" }',
          `  - { id: c, url: "${url}" }`,
          "watchdog: { intervalSeconds: 1, minTimeoutSeconds: 1, maxRestarts: 1000 }",
        ].join("\n"),
        detectors: [
          { id: "sound", script: "sleep-30", more: "workers: 2" },
          { id: "frail", script: "loop-25", more: "workers: 2, rateHz: 12" },
        ],
      });
      for (const detector of ["sound", "frail"]) await run.further(detector, 1);
      await run.orion.waitFor(
        "camera.state_changed",
        ({ camera, state }) => camera === "c" && state === "online",
      );
      const restart = async () => {
        const since = run.orion.stderr.all.length;
        await server.stop();
        await run.orion.waitFor(
          "camera.state_changed",
          ({ camera, state }) => camera === "c" && state !== "online",
          { since },
        );
        server = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, port });
        await run.orion.waitFor(
          "camera.state_changed",
          ({ camera, state }) => camera === "c" && state === "online",
          { since },
        );
      };
      const todo = disturbances(run, { restart });
      for (let i = 0; i < SNAPSHOTS; i++) {
        await someMoment();
        assertReportCloses(await run.status());
        assertMetricsClose(await run.metrics());
        if (i % 6 === 5) {
          const answer = await todo.shift()?.();
          if (answer !== undefined) assert.equal(answer.json?.["status"], "ok", answer.payload);
        }
      }
      await run.orion.waitFor("worker.recovered");
      const report = assertReportCloses(await run.status());
      const frail = report.cameras.flatMap(({ ledger }) => ledger.detectors)
        .filter(({ detector }) => detector === "frail");
      const lost = frail.reduce((sum, { dropped }) => sum + dropped.restart, 0);
      assert.ok(lost >= 1, "frames that were lost with their worker are counted");
      const camera = report.cameras.find(({ id }) => id === "c");
      assert.ok(camera && camera.reconnects >= 1);
      for (const reason of ["overwritten", "rate", "paused"] as const) {
        const count = report.cameras.flatMap(({ ledger }) => ledger.detectors)
          .reduce((sum, { dropped }) => sum + dropped[reason], 0);
        assert.ok(count > 0, `nothing was dropped as ${reason}`);
      }
    } finally {
      await server.stop();
    }
  },
});
