/** A camera over UDP that loses packets: what reaches a detector is whole all the same. */
import assert from "node:assert/strict";
import { CaptureRun } from "../support/capture_run.ts";
import { HostileCamera } from "../support/hostile_camera.ts";
import { assertCloses } from "../support/ledger.ts";
import { ignoreWithout } from "../support/parts.ts";
import { PATTERN_SIZE, patternClip, readPattern } from "../support/pattern.ts";

const ignore = ignoreWithout("libav", "ffmpeg");
const PICTURES = 1500;

Deno.test({
  name:
    "capture: of a stream that loses 5 % of its UDP packets no damaged picture reaches a detector",
  ignore,
  async fn() {
    const clip = await patternClip(PICTURES, ["-bf", "0", "-g", "12", "-crf", "18"]);
    await using camera = HostileCamera.start({ clip, speed: 5, payloadBytes: 150 });
    const seen: { number: number; wrong: number }[] = [];
    await using run = new CaptureRun({
      source: { url: camera.url, transport: "udp" },
      detectors: [{
        id: "reader",
        rateHz: null,
        input: { ...PATTERN_SIZE, bars: 0.5 },
        onFrame: (_meta, tensor) => void seen.push(readPattern(tensor)),
      }],
    });
    const more = (count: number) => {
      const goal = seen.length + count;
      return run.until(`${count} more pictures`, () => seen.length >= goal, 20_000);
    };
    // Without loss everything comes, and is read as it was drawn.
    await more(100);
    const before = (await run.snapshot()).account.corrupt;
    await more(100);
    assert.equal((await run.snapshot()).account.corrupt, before);
    camera.behaviour.loss = 0.05;
    await more(300);
    camera.behaviour.loss = 0;
    const lossless = seen.length;
    await more(100);
    assert.ok(camera.lost > 25, `${camera.lost} packets lost`);
    const damaged = seen.filter(({ wrong }) => wrong > 0);
    assert.deepEqual(damaged, [], `${damaged.length} of ${seen.length} were damaged`);
    // It goes on at once: at the latest with the second keyframe.
    const gap = (seen[lossless + 1]?.number ?? 0) - (seen[lossless - 1]?.number ?? 0);
    assert.ok(gap < 48, `${gap} pictures until it went on`);
    const { account } = await run.stop();
    assert.ok(account.corrupt > before);
    assertCloses(account);
  },
});
