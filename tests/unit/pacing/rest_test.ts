import assert from "node:assert/strict";
import { MAX_REST_MS, restMs, type RestOutlook, workMs } from "../../../src/pacing/rest.ts";

/** 25 frames a second of 4 kB; the last one has just come; a detector of 5 Hz has just taken it. */
const QUIET: RestOutlook = {
  frameMs: 40,
  nextInMs: 40,
  wanted: true,
  pictureWanted: false,
  dueInMs: 200,
  keyInMs: null,
  largeInMs: Infinity,
  packetBytes: 4000,
  decodeMs: 1,
  decodeDeviationMs: 0,
  latenessMs: 0,
};

const CASES: readonly (readonly [string, Partial<RestOutlook>, number])[] = [
  ["until 3 ms before the wanted frame, less the work on the four before it", {}, 193],
  ["not for a detector that takes every frame", { dueInMs: 0 }, 0],
  ["not for the second frame after this one", { dueInMs: 80 }, 76],
  ["not while a picture is waited for", { pictureWanted: true }, 0],
  ["until the keyframe that decoding goes on with", { keyInMs: 300, dueInMs: 0 }, 297],
  ["not beyond a due time before that keyframe", { keyInMs: 300, dueInMs: 250 }, 247],
  ["no longer than the maximum", { wanted: false }, MAX_REST_MS],
  ["not across a large keyframe", { largeInMs: 100 }, 97],
  ["so that no more than 48 KiB lie unread", { packetBytes: 16_384 }, 120],
  ["not where one packet is more than that", { packetBytes: 60_000 }, 0],
  ["earlier where rests end late", { latenessMs: 7 }, 186],
  ["but not for more than 20 ms of that", { latenessMs: 100 }, 173],
  ["earlier where decoding times vary, by four deviations of the four frames' sum", {
    decodeDeviationMs: 1,
  }, 185],
  ["but not for more than 20 ms of that either", { decodeDeviationMs: 100 }, 173],
  ["whatever decoding takes, where nothing is decoded before", {
    keyInMs: 300,
    dueInMs: 0,
    decodeDeviationMs: 9,
  }, 297],
  ["not before a cadence is known", { frameMs: 0 }, 0],
  ["not while a keyframe is overdue", { keyInMs: -10 }, 0],
];

Deno.test("rest: more frames, or times that vary more, never take less", () => {
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

for (const [name, outlook, expectedMs] of CASES) {
  Deno.test(`rest: ${name}`, () => {
    assert.equal(restMs({ ...QUIET, ...outlook }), expectedMs);
  });
}
