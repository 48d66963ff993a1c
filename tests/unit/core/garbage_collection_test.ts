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

Deno.test("garbage collection: without an exposed collector there is no timer", () => {
  const clock = new HeldClock(0);
  collectPeriodically(clock, null)();
  assert.deepEqual(clock.waitsMs, []);
});
