import assert from "node:assert/strict";
import fc from "fast-check";
import {
  framesBeforeDue,
  MAX_READ_DELAY_MS,
  readDelayMs,
  type ReadOutlook,
  workMs,
} from "../../../src/pacing/read_delay.ts";
import { EARLY_FRAMES } from "../../../src/pacing/tolerances.ts";

/** 25 frames per second of 4 kB; the last one has just arrived, and a detector of 5 Hz has taken it. */
const QUIET: ReadOutlook = {
  frameMs: 40,
  nextInMs: 40,
  isWanted: true,
  isSnapshotWanted: false,
  dueInMs: 200,
  keyInMs: null,
  largeInMs: Infinity,
  packetBytes: 4000,
  decodeMs: 1,
  decodeDeviationMs: 0,
  latenessMs: 0,
};

const CASES: readonly (readonly [string, Partial<ReadOutlook>, number])[] = [
  ["until 3 ms before the wanted frame, less the work on the four before it", {}, 193],
  ["not for a detector that takes every frame", { dueInMs: 0 }, 0],
  ["not for the second frame after this one", { dueInMs: 80 }, 76],
  ["not while a snapshot is requested", { isSnapshotWanted: true }, 0],
  ["until the keyframe that decoding continues with", { keyInMs: 300, dueInMs: 0 }, 297],
  ["not beyond a due time before that keyframe", { keyInMs: 300, dueInMs: 250 }, 247],
  ["no longer than the maximum", { isWanted: false }, MAX_READ_DELAY_MS],
  ["not across a large keyframe", { largeInMs: 100 }, 97],
  ["so that no more than 48 KiB lie unread", { packetBytes: 16_384 }, 120],
  ["not where one packet is more than that", { packetBytes: 60_000 }, 0],
  ["shorter where delays end late", { latenessMs: 7 }, 186],
  ["but by no more than 20 ms", { latenessMs: 100 }, 173],
  ["shorter where decoding times vary, by four deviations of the four frames' sum", {
    decodeDeviationMs: 1,
  }, 185],
  ["but by no more than 20 ms either", { decodeDeviationMs: 100 }, 173],
  ["independent of decoding times where nothing is decoded before", {
    keyInMs: 300,
    dueInMs: 0,
    decodeDeviationMs: 9,
  }, 297],
  ["not before the cadence is known", { frameMs: 0 }, 0],
  ["not while a keyframe is overdue", { keyInMs: -10 }, 0],
];

Deno.test("read delay: more frames, or more variable times, never take less", () => {
  for (let packets = 1; packets <= 12; packets++) {
    for (const deviationMs of [0, 0.5, 2, 8]) {
      const work = { decodeMs: 1.5, decodeDeviationMs: deviationMs };
      const one = workMs(packets, work);
      assert.ok(one >= packets * 1.5 && one <= packets * 1.5 + 20);
      assert.ok(workMs(packets + 1, work) > one);
      assert.ok(workMs(packets, { ...work, decodeDeviationMs: deviationMs + 0.1 }) >= one);
    }
  }
  assert.equal(workMs(0, { decodeMs: 5, decodeDeviationMs: 5 }), 0);
});

Deno.test("read delay: the frame it is planned for is the first that is early by no more than the tolerance", () => {
  fc.assert(fc.property(
    fc.record({
      frameMs: fc.integer({ min: 5, max: 500 }),
      nextInMs: fc.integer({ min: -200, max: 500 }),
      dueInMs: fc.nat(10_000),
    }),
    (outlook) => {
      const { frameMs, nextInMs, dueInMs } = outlook;
      const before = framesBeforeDue(outlook);
      // In frames before the due time; sums of integers and tenths leave a rounding error.
      const earlyFrames = (frames: number) => (dueInMs - nextInMs) / frameMs - frames;
      assert.ok(earlyFrames(before) <= EARLY_FRAMES + 1e-9);
      if (before > 0) assert.ok(earlyFrames(before - 1) > EARLY_FRAMES - 1e-9);
    },
  ));
});

for (const [name, outlook, expectedMs] of CASES) {
  Deno.test(`read delay: ${name}`, () => {
    assert.equal(readDelayMs({ ...QUIET, ...outlook }), expectedMs);
  });
}
