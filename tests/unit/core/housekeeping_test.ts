import assert from "node:assert/strict";
import { COLLECT_EVERY_MS, keepHouse } from "../../../src/core/housekeeping.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

Deno.test("housekeeping: garbage is collected at every interval, until it is ended", async () => {
  const clock = new HeldClock(0);
  let collected = 0;
  const end = keepHouse(clock, () => collected++);
  await clock.pass(COLLECT_EVERY_MS * 3);
  assert.equal(collected, 3);
  end();
  await clock.pass(COLLECT_EVERY_MS * 3);
  assert.equal(collected, 3);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("housekeeping: where the runtime has no collector there is no timer", () => {
  const clock = new HeldClock(0);
  keepHouse(clock, null)();
  assert.deepEqual(clock.waitsMs, []);
});
