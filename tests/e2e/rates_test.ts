/** Rates and fairness in a real run, with models of known speed. */
import assert from "node:assert/strict";
import { total } from "../../src/core/accounts.ts";
import type { HealthJson } from "../../src/health/health_json.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { type TempFolder, tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { ScriptedOrion } from "../support/product/scripted.ts";
import { ffmpeg } from "../support/clips/ffmpeg.ts";

/** Frames of the slowest detector in the measured interval. */
const SLOWEST = 10;
const FPS = 30;
const RATES_HZ = [1, 2, 5, 10] as const;

/**
 * The least share of its frames that a detector gets. `tests/unit/framebus/rates_test.ts` checks due
 * times exactly, on a simulated clock; here the machine has other load, and a frame that is late by a
 * period is one fewer.
 */
const LEAST = 0.5;

/** The share of one of four cameras that are served in turn by one worker. */
const SHARE = { least: 0.18, most: 0.32 } as const;

/** The clip of two people at 30 frames a second. */
async function clipAt30(folder: TempFolder): Promise<string> {
  const path = `${folder.path}/clip30.mp4`;
  await ffmpeg(
    ...["-i", TWO_PEOPLE_CLIP, "-vf", `fps=${FPS},scale=640:360`],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "0", path],
  );
  return path;
}

type Ledger = HealthJson["cameras"][number]["ledger"];

function ledgerOf(status: unknown): Ledger {
  return assertReportCloses(status).cameras[0]?.ledger ?? assert.fail("there is no camera");
}

Deno.test({
  name:
    "rates: no detector gets frames above its rate, nor far below it, and all frames are counted",
  ignore: ignoreWithout("libav", "mosquitto", "ffmpeg"),
  async fn() {
    using folder = tempFolder();
    await using run = await ScriptedOrion.start({
      config: `cameras: [{ id: gate, url: "file:${await clipAt30(folder)}", loop: true }]`,
      detectors: RATES_HZ.map((rateHz) => ({
        id: `at-${rateHz}`,
        script: "sleep-1",
        more: `rateHz: ${rateHz}`,
      })),
    });
    await run.further("at-1", 1);
    const startMs = performance.now();
    const before = ledgerOf(await run.status());
    await run.further("at-1", SLOWEST);
    const after = ledgerOf(await run.status());
    const elapsedSeconds = (performance.now() - startMs) / 1000;

    const shownSeconds = (after.received - before.received) / FPS;
    for (const rateHz of RATES_HZ) {
      const mailbox = (ledger: Ledger) =>
        ledger.detectors.find(({ detector }) => detector === `at-${rateHz}`) ?? assert.fail();
      const { processed, dropped, dropRate } = mailbox(after);
      const got = processed - mailbox(before).processed;
      const text = `${got} at ${rateHz} Hz in ${elapsedSeconds.toFixed(1)} s`;
      // One more at each end of the interval.
      assert.ok(got <= rateHz * Math.max(shownSeconds, elapsedSeconds) + 2, text);
      assert.ok(got >= LEAST * rateHz * shownSeconds - 1, text);
      const skipped = total(dropped) + total(after.undecoded);
      assert.ok(Math.abs(dropRate - skipped / (skipped + processed)) < 0.0001, `${dropRate}`);
    }
  },
});

Deno.test({
  name: "fairness: four cameras that share one worker are served in turn",
  ignore: ignoreWithout("libav", "mosquitto"),
  async fn() {
    const cameras = ["a", "b", "c", "d"];
    await using run = await ScriptedOrion.start({
      config: `cameras: [${cameras.map((id) => `{ id: ${id}, url: "demo:" }`).join(", ")}]`,
      // Four times 25 frames arrive a second, and 40 are taken.
      detectors: [{ id: "shared", script: "sleep-25" }],
    });
    for (const camera of cameras) {
      await run.subscriber.waitFor(({ topic }) => topic.includes(`/inferences/${camera}/`));
    }
    const skip = run.subscriber.messages.length;
    await run.further("shared", 160);
    const messages = inferences(run.subscriber.messages.slice(skip), new Schemas());
    for (const camera of cameras) {
      const share = messages.filter((message) => message.camera === camera).length /
        messages.length;
      // Exactly a quarter in the consumer's unit tests; here a thread that is late misses a turn.
      const text = `${camera} got ${(share * 100).toFixed(1)} %`;
      assert.ok(share >= SHARE.least && share <= SHARE.most, text);
    }
    assertReportCloses(await run.status());
  },
});

Deno.test({
  name: "isolation: a detector of 500 ms an inference does not delay a fast one",
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
    const count = (id: string) => messages.filter(({ detector }) => detector === id).length;
    const counts = `${count("fast")} of the fast one, ${count("slow")} of the slow one`;
    // Delayed by the slow one, the fast one would have as many. On a loaded machine it misses some periods.
    assert.ok(count("slow") >= 10 && count("fast") > 2.5 * count("slow"), counts);
  },
});
