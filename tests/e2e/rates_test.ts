/** Rates, drop rates and fairness as they are over a real run, with models of known speed. */
import assert from "node:assert/strict";
import { noUndecoded, total } from "../../src/core/accounts.ts";
import { inferences, Schemas } from "../support/messages.ts";
import { DEMO_CLIP, type TempFolder, tempFolder } from "../support/files.ts";
import { ignoreWithout, programPath } from "../support/parts.ts";
import { assertReportCloses } from "../support/report.ts";
import { ScriptedOrion } from "../support/scripted.ts";

const SECONDS = 30;
const FPS = 30;

/** What the contract says of a 30 fps stream. */
const RATES = [
  { rateHz: 1, dropRate: 29 / 30 },
  { rateHz: 2, dropRate: 28 / 30 },
  { rateHz: 5, dropRate: 25 / 30 },
  { rateHz: 10, dropRate: 20 / 30 },
] as const;

/** The bundled clip at 30 frames a second. */
async function clipAt30(folder: TempFolder): Promise<string> {
  const path = `${folder.path}/clip30.mp4`;
  const { success, stderr } = await new Deno.Command(programPath("ffmpeg") ?? "ffmpeg", {
    args: ["-v", "error", "-i", DEMO_CLIP, "-vf", `fps=${FPS},scale=640:360`]
      .concat(["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "0", path]),
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return path;
}

/** Resolves when that much time has passed: what is measured here is time itself. */
function seconds(count: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, count * 1000));
}

Deno.test({
  name: "rates: 1, 2, 5 and 10 Hz of 30 give drop rates of 97, 93, 83 and 67 %, evenly spaced",
  ignore: ignoreWithout("libav", "mosquitto", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    await using run = await ScriptedOrion.start({
      config: `cameras: [{ id: gate, url: "file:${await clipAt30(folder)}", loop: true }]`,
      detectors: RATES.map(({ rateHz }) => ({
        id: `at-${rateHz}`,
        script: "sleep-1",
        more: `rateHz: ${rateHz}`,
      })),
    });
    await run.further("at-1", 1);
    const before = assertReportCloses(await run.status());
    await seconds(SECONDS);
    const after = assertReportCloses(await run.status());

    for (const { rateHz, dropRate } of RATES) {
      const detector = `at-${rateHz}`;
      const counts = [before, after].map((report) => {
        const mailbox = report.cameras[0]?.ledger.detectors.find((each) =>
          each.detector === detector
        );
        assert.ok(mailbox);
        const undecoded = total(report.cameras[0]?.ledger.undecoded ?? noUndecoded());
        return { processed: mailbox.processed, dropped: total(mailbox.dropped) + undecoded };
      });
      const processed = (counts[1]?.processed ?? 0) - (counts[0]?.processed ?? 0);
      const dropped = (counts[1]?.dropped ?? 0) - (counts[0]?.dropped ?? 0);
      const found = dropped / (processed + dropped);
      assert.ok(
        Math.abs(found - dropRate) <= 0.01,
        `${detector}: a drop rate of ${found.toFixed(3)}, ${dropRate.toFixed(3)} expected`,
      );

      const times = inferences(run.subscriber.messages, new Schemas())
        .filter((message) => message.detector === detector)
        .map(({ frame }) => Date.parse(frame.capturedAt));
      const gapsMs = times.slice(1).map((at, index) => at - (times[index] ?? 0));
      const spanSeconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000;
      const achieved = gapsMs.length / spanSeconds;
      assert.ok(
        Math.abs(achieved / rateHz - 1) <= 0.02,
        `${detector}: ${achieved.toFixed(3)} a second`,
      );
      // Frames come every 33 ms, so an even rhythm is within one frame of the period, now and then two.
      const periodMs = 1000 / rateHz;
      const uneven = gapsMs.filter((gapMs) => Math.abs(gapMs - periodMs) > 1.5 * 1000 / FPS);
      assert.ok(uneven.length <= gapsMs.length * 0.02 + 1, `${detector}: uneven gaps ${uneven}`);
    }
  },
});

Deno.test({
  name: "fairness: four cameras that share one worker get a quarter each",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    const cameras = ["a", "b", "c", "d"];
    await using run = await ScriptedOrion.start({
      config: `cameras: [${cameras.map((id) => `{ id: ${id}, url: "demo:" }`).join(", ")}]`,
      // Four times 25 frames come a second, and 40 are taken.
      detectors: [{ id: "shared", script: "sleep-25" }],
    });
    for (const camera of cameras) {
      await run.subscriber.waitFor(({ topic }) => topic.includes(`/inferences/${camera}/`));
    }
    const skip = run.subscriber.messages.length;
    await run.further("shared", 320);
    const messages = inferences(run.subscriber.messages.slice(skip), new Schemas());
    for (const camera of cameras) {
      const share = messages.filter((message) => message.camera === camera).length /
        messages.length;
      assert.ok(Math.abs(share / 0.25 - 1) <= 0.05, `${camera} got ${(share * 100).toFixed(1)} %`);
    }
    assertReportCloses(await run.status());
  },
});

Deno.test({
  name: "isolation: a detector of 500 ms an inference leaves the rate of a fast one as it was",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    await using run = await ScriptedOrion.start({
      config: 'cameras: [{ id: gate, url: "demo:" }]',
      detectors: [
        { id: "fast", script: "sleep-20", more: "rateHz: 10" },
        { id: "slow", script: "sleep-500" },
      ],
    });
    await run.further("slow", 1);
    const skip = run.subscriber.messages.length;
    await run.further("slow", 10);
    const messages = inferences(run.subscriber.messages.slice(skip), new Schemas());
    const fast = messages.filter(({ detector }) => detector === "fast");
    const times = fast.map(({ frame }) => Date.parse(frame.capturedAt));
    const achieved = (times.length - 1) * 1000 / ((times.at(-1) ?? 0) - (times[0] ?? 0));
    assert.ok(Math.abs(achieved / 10 - 1) <= 0.05, `${achieved.toFixed(2)} a second`);
    const slow = messages.filter(({ detector }) => detector === "slow");
    assert.ok(slow.length >= 10 && slow.length < fast.length / 3);
  },
});
