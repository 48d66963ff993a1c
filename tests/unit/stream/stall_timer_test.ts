import assert from "node:assert/strict";
import { StallTimer } from "../../../src/stream/stall_timer.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";

const TIMEOUT_MS = 2000;

function rig() {
  const clock = new HeldClock(0);
  const stalledAtMs: number[] = [];
  const timer = new StallTimer(clock, () => TIMEOUT_MS, () => stalledAtMs.push(clock.nowMs()));
  return { clock, stalledAtMs, timer };
}

Deno.test("stall timer: without a frame it calls back once, at the timeout", async () => {
  const { clock, stalledAtMs, timer } = rig();
  await clock.pass(TIMEOUT_MS - 1);
  assert.equal(timer.isStalled, false);
  await clock.pass(10 * TIMEOUT_MS);
  assert.deepEqual(stalledAtMs, [TIMEOUT_MS]);
  assert.equal(timer.isStalled, true);
});

Deno.test("stall timer: the timeout counts from the last frame's arrival, whenever that is recorded", async () => {
  const { clock, stalledAtMs, timer } = rig();
  for (let frame = 0; frame < 100; frame++) {
    await clock.pass(40);
    timer.observe(clock.nowMs());
  }
  const lastAt = clock.nowMs();
  await clock.pass(300);
  timer.observe(lastAt);
  await clock.pass(10 * TIMEOUT_MS);
  assert.deepEqual(stalledAtMs, [lastAt + TIMEOUT_MS]);
});

Deno.test("stall timer: a stopped one does not call back and leaves no timer", async () => {
  const { clock, stalledAtMs, timer } = rig();
  timer.stop();
  await clock.pass(10 * TIMEOUT_MS);
  assert.deepEqual(stalledAtMs, []);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("stall timer: another timeout is in force when the former one has ended", async () => {
  const clock = new HeldClock();
  let timeoutMs = 1000;
  let isStalled = false;
  const timer = new StallTimer(clock, () => timeoutMs, () => isStalled = true);
  timeoutMs = 3000;
  await clock.pass(2999);
  assert.equal(isStalled, false);
  await clock.pass(1);
  assert.equal(isStalled, true);
  timer.stop();
});
