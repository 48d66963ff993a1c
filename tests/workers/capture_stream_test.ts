/** A camera's worker on a stream that behaves: what is decoded, and when. */
import assert from "node:assert/strict";
import { total } from "../../src/core/accounts.ts";
import { CaptureRun } from "../support/capture_run.ts";
import { HostileCamera } from "../support/hostile_camera.ts";
import { assertCloses } from "../support/ledger.ts";
import { ignoreWithout } from "../support/parts.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../support/pattern.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const INPUT = { ...PATTERN_SIZE, bars: 0.5 };

Deno.test({
  name: "capture: the decode level follows the rates, and no level lets a damaged picture through",
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
    await run.further(4);
    const slow = await run.snapshot();
    assert.equal(slow.decodeLevel, "keyframes");
    assert.ok(slow.account.undecoded.keyframes > 0);
    // Only keyframes were taken since the rhythm was known.
    assert.deepEqual(seen.slice(2).map(({ number }) => number % 25), [0, 0]);

    run.rate("reader", 2);
    await run.further(6);
    const middle = await run.snapshot();
    assert.equal(middle.decodeLevel, "gop");
    assert.ok(middle.account.undecoded.asleep > 0);

    run.rate("reader", null);
    await run.further(30);
    const fast = await run.snapshot();
    assert.equal(fast.decodeLevel, "all");

    run.rate("reader", 1, true);
    const taken = run.frames.length;
    assert.ok(await run.picture() > 500, "a picture comes although nobody takes frames");
    await run.until("decoding to end", () => true);
    assert.ok(run.frames.length <= taken + 1);

    const { account, decodeSeconds } = await run.stop();
    assert.deepEqual(seen.filter(({ wrong }) => wrong > 0), []);
    assert.equal(account.corrupt, 0);
    assert.ok(total(account.undecoded) > 50 && decodeSeconds > 0);
    assertCloses(account);
  },
});

Deno.test({
  name: "capture: B-frames are shown in order, and those nobody is due for are left out",
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
    await run.further(16);
    const times = run.frames.slice(-6).map(({ meta }) => meta.ptsSeconds);
    times.slice(1).forEach((time, index) =>
      assert.ok(Math.abs(time - (times[index] ?? 0) - 0.5) <= 0.0601, `${times}`)
    );
    const { account } = await run.stop();
    assert.ok(account.undecoded.nonref > 10, `${account.undecoded.nonref} left out`);
    assert.deepEqual(seen.filter(({ wrong }) => wrong > 0), []);
    assertCloses(account);
  },
});
