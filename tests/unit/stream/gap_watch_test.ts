import assert from "node:assert/strict";
import { GapWatch } from "../../../src/stream/gap_watch.ts";

/** Which of the times have a gap before them, all having arrived in this order. */
function gaps(times: readonly number[]): number[] {
  const watch = new GapWatch();
  for (const time of times) watch.arrived(BigInt(time));
  return times.filter((time) => watch.isBefore(BigInt(time)));
}

Deno.test("gap watch: even steps have no gap, a missing frame is one", () => {
  assert.deepEqual(gaps([0, 40, 80, 120, 160, 200, 240]), []);
  assert.deepEqual(gaps([0, 40, 80, 120, 200, 240, 280]), [200]);
});

Deno.test("gap watch: pictures that arrive out of order have no gap", () => {
  assert.deepEqual(gaps([0, 120, 40, 80, 240, 160, 200, 360, 280, 320]), []);
  assert.deepEqual(gaps([0, 120, 40, 80, 240, 200, 360, 280, 320]), [200]);
});

Deno.test("gap watch: times that tremble have no gap", () => {
  assert.deepEqual(gaps([0, 45, 78, 121, 170, 199, 243, 280]), []);
});

Deno.test("gap watch: before the usual step is known there is none", () => {
  assert.deepEqual(gaps([0, 40, 200]), []);
  assert.equal(new GapWatch().isBefore(null), false);
});
