import assert from "node:assert/strict";
import { COLLECT_EVERY_MS, collectPeriodically } from "../../../src/core/garbage_collection.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

Deno.test("garbage collection: collects at every interval, until it is cancelled", async () => {
  const clock = new HeldClock(0);
  let collected = 0;
  const stop = collectPeriodically(clock, () => collected++);
  await clock.pass(COLLECT_EVERY_MS * 3);
  assert.equal(collected, 3);
  stop();
  await clock.pass(COLLECT_EVERY_MS * 3);
  assert.equal(collected, 3);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("garbage collection: threads that start together do not collect together", async () => {
  const clock = new HeldClock(0);
  const collectedAtMs: number[] = [];
  for (const random of [0, 0.4, 0.9]) {
    collectPeriodically(clock, () => collectedAtMs.push(clock.nowMs()), () => random);
  }
  await clock.pass(COLLECT_EVERY_MS * 2);
  const intervals = [0.5, 0.7, 0.95, 1.5, 1.7, 1.95];
  assert.deepEqual(collectedAtMs, intervals.map((each) => each * COLLECT_EVERY_MS));
});

Deno.test("garbage collection: without an exposed collector there is no timer", () => {
  const clock = new HeldClock(0);
  collectPeriodically(clock, null)();
  assert.deepEqual(clock.waitsMs, []);
});
