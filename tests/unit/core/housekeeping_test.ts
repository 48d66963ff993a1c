import assert from "node:assert/strict";
import { COLLECT_EVERY_MS, collectPeriodically } from "../../../src/core/housekeeping.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

Deno.test("housekeeping: garbage is collected at every interval until stopped", async () => {
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

Deno.test("housekeeping: where the runtime has no collector there is no timer", () => {
  const clock = new HeldClock(0);
  collectPeriodically(clock, null)();
  assert.deepEqual(clock.waitsMs, []);
});
