import assert from "node:assert/strict";
import { Arrivals } from "../../../src/stream/arrivals.ts";

const FRAME_MS = 40;

/** Frame `index` of a camera, read at `nowMs`. */
function read(arrivals: Arrivals, index: number, nowMs: number, tookMs: number): number {
  return arrivals.of({ nowMs, tookMs, positionMs: index * FRAME_MS });
}

Deno.test("arrivals: a packet that was waited for arrived when it was read", () => {
  const arrivals = new Arrivals();
  assert.deepEqual([read(arrivals, 0, 1000, 30), read(arrivals, 1, 1043, 39)], [1000, 1043]);
  // Also at once, when nothing had gathered: a camera may well send in bursts.
  assert.equal(read(arrivals, 2, 1044, 0), 1044);
});

Deno.test("arrivals: packets that gathered arrived as far apart as they are in the stream", () => {
  const arrivals = new Arrivals();
  read(arrivals, 0, 1000, 30);
  arrivals.rested(6);
  const times = [1, 2, 3, 4].map((index) => read(arrivals, index, 1165, 0));
  assert.deepEqual(times, [1040, 1080, 1120, 1160]);
  assert.equal(read(arrivals, 5, 1203, 38), 1203, "this one was waited for");
  assert.equal(read(arrivals, 6, 1203, 0), 1203, "and nothing is left of what had gathered");
});

Deno.test("arrivals: as long as the next packet should have come there is more to read", () => {
  const arrivals = new Arrivals();
  const isBehind = (nowMs: number) => arrivals.isBehind({ nowMs, frameMs: FRAME_MS });
  read(arrivals, 0, 1000, 30);
  assert.equal(isBehind(1100), false, "nothing has gathered");
  arrivals.rested(4);
  assert.equal(isBehind(1085), true);
  read(arrivals, 1, 1085, 0);
  assert.equal(isBehind(1085), true);
  read(arrivals, 2, 1086, 0);
  assert.equal(isBehind(1086), false);
});

Deno.test("arrivals: times that step, or run ahead, are not believed", () => {
  const arrivals = new Arrivals();
  read(arrivals, 0, 10_000, 30);
  arrivals.rested(9);
  assert.equal(read(arrivals, 1, 10_165, 0), 10_040);
  assert.equal(read(arrivals, -900, 10_166, 0), 10_166, "long ago");
  arrivals.rested(9);
  assert.equal(read(arrivals, 900, 10_170, 0), 10_170, "in the future");
  arrivals.rested(9);
  assert.equal(read(arrivals, 899, 10_300, 0), 10_170, "never before the one before it");
});
