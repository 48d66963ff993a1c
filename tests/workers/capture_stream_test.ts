/** A camera's worker on a well-behaved stream: what is decoded, and when. */
import assert from "node:assert/strict";
import { total } from "../../src/core/accounts.ts";
import type { CaptureReport } from "../../src/core/camera_types.ts";
import { CaptureRun } from "../support/cameras/capture_run.ts";
import { HostileCamera } from "../support/cameras/hostile_camera.ts";
import { assertCloses } from "../support/streams/ledger.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../support/clips/pattern.ts";
import { fixedInput } from "../support/models/inputs.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
/** Far more frames than any change takes. */
const MANY = 2000;
const INPUT = fixedInput(PATTERN_SIZE);

/** Takes frames until the worker's report is as expected. */
async function takeUntil(
  run: CaptureRun,
  isDone: (report: CaptureReport) => boolean,
): Promise<void> {
  for (let report = await run.report(); !isDone(report); report = await run.report()) {
    const { decodeLevel, account } = report;
    assert.ok(run.frames.length < MANY, `still ${JSON.stringify({ decodeLevel, account })}`);
    await run.further(1);
  }
}

Deno.test({
  name: "capture: the decode level follows the rates, and no level delivers a corrupt frame",
  ignore,
  async fn() {
    const clip = await patternClip(300, ["-bf", "0", "-g", "25"]);
    await using camera = HostileCamera.start({ clip });
    const seen: { number: number; wrong: number }[] = [];
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{
        id: "reader",
        rateHz: 1,
        input: INPUT,
        onFrame: (_meta, tensor) => void seen.push(readPattern(tensor)),
      }],
    });
    const isSlow = ({ decodeLevel, account: { undecoded } }: CaptureReport) =>
      decodeLevel === "keyframes" && undecoded.keyframes > 0;
    // The camera's cadence has to be known first.
    await takeUntil(run, isSlow);
    for (let compared = 0; compared < 2;) {
      const next = seen.length;
      await run.further(1);
      // The level may have changed before this frame was taken.
      if (!isSlow(await run.report())) {
        await takeUntil(run, isSlow);
        continue;
      }
      assert.equal((seen[next]?.number ?? NaN) % 25, 0, "not a keyframe");
      compared++;
    }

    run.rate("reader", 2);
    await takeUntil(
      run,
      ({ decodeLevel, account }) => decodeLevel === "gop" && account.undecoded.asleep > 0,
    );

    run.rate("reader", null);
    await takeUntil(run, ({ decodeLevel }) => decodeLevel === "all");
    await run.further(30);

    run.rate("reader", 1, true);
    const taken = run.frames.length;
    assert.ok(await run.snapshot() > 500, "a snapshot is taken although no detector is active");
    assert.ok(run.frames.length <= taken + 1);

    const { account, decodeSeconds } = await run.stop();
    assert.deepEqual(seen.filter(({ wrong }) => wrong > 0), []);
    assert.equal(account.corrupt, 0);
    assert.ok(total(account.undecoded) > 50 && decodeSeconds > 0);
    assertCloses(account);
  },
});

Deno.test({
  name: "capture: B-frames are delivered in order, and skipped while no detector is due",
  ignore,
  async fn() {
    const clip = await patternClip(300, ["-bf", "2", "-b_strategy", "0", "-g", "250"]);
    await using camera = HostileCamera.start({ clip, speed: 1 });
    const seen: { number: number; wrong: number }[] = [];
    await using run = new CaptureRun({
      source: { url: camera.url },
      detectors: [{
        id: "reader",
        rateHz: null,
        input: INPUT,
        onFrame: (_meta, tensor) => void seen.push(readPattern(tensor)),
      }],
    });
    await run.further(50);
    const numbers = seen.map(({ number }) => number);
    assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
    run.rate("reader", 2);
    await takeUntil(run, ({ account }) => account.undecoded.nonref > 10);
    await run.further(4);
    // Evenly spaced, as `tests/unit/framebus/rates_test.ts` shows on a held clock. On a busy machine one may be
    // taken late and the next when it is due, so that together they are less than a period short.
    const times = run.frames.slice(-4).map(({ meta }) => meta.ptsSeconds);
    assert.ok((times[3] ?? 0) - (times[0] ?? 0) > 2 * 0.5, `${times}`);
    const { account } = await run.stop();
    assert.deepEqual(seen.filter(({ wrong }) => wrong > 0), []);
    assertCloses(account);
  },
});
