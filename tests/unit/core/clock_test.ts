import assert from "node:assert/strict";
import {
  type Clock,
  epochMs,
  isoTime,
  latestMs,
  plusMs,
  sinceMs,
  sleepOn,
  steadyMs,
  systemClock,
  wallMs,
} from "../../../src/core/clock.ts";

/** A clock whose timers the test fires. */
function heldClock(): { clock: Clock; fire(): void; pending(): number } {
  const timers = new Set<() => void>();
  const clock: Clock = {
    nowMs: () => steadyMs(0),
    wallMs: () => wallMs(0),
    after(_delayMs, run) {
      timers.add(run);
      return () => timers.delete(run);
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  const fire = () => {
    for (const run of [...timers]) {
      timers.delete(run);
      run();
    }
  };
  return { clock, fire, pending: () => timers.size };
}

Deno.test("clock: the steady instant never goes back, and the wall clock is that of the machine", () => {
  const first = systemClock.nowMs();
  const second = systemClock.nowMs();
  assert.ok(second >= first);
  const before = Date.now();
  const wall = epochMs(systemClock.wallMs());
  assert.ok(wall >= before && wall <= Date.now());
});

Deno.test("clock: instants of one clock give a duration, and move by one", () => {
  const steady = steadyMs(5000);
  assert.equal(sinceMs(steady, plusMs(steady, 40)), 40);
  assert.equal(plusMs(steady, 40) - steady, 40);
  assert.equal(latestMs(steady, plusMs(steady, -1)), steady);
  const wall = wallMs(1795345361640);
  assert.equal(sinceMs(wall, plusMs(wall, -60_000)), -60_000);
});

Deno.test("clock: a cancelled timer does not run, and may be cancelled twice", () => {
  const cancel = systemClock.after(60_000, () => assert.fail("it ran"));
  cancel();
  cancel();
});

Deno.test("clock: sleep resolves after its delay", async () => {
  const { clock, fire } = heldClock();
  const slept = clock.sleep(1000);
  fire();
  await slept;
});

Deno.test("clock: sleep rejects with the reason it was aborted for, and leaves no timer", async () => {
  const { clock, pending } = heldClock();
  const control = new AbortController();
  const slept = clock.sleep(1000, control.signal);
  const reason = new Error("stopping");
  control.abort(reason);
  await assert.rejects(slept, (error) => error === reason);
  assert.equal(pending(), 0);
});

Deno.test("clock: sleep with an aborted signal sets no timer", async () => {
  const { clock, pending } = heldClock();
  const reason = new Error("stopped");
  await assert.rejects(clock.sleep(1, AbortSignal.abort(reason)), (error) => error === reason);
  assert.equal(pending(), 0);
});

Deno.test("clock: times are ISO 8601 in UTC with milliseconds", () => {
  assert.equal(isoTime(wallMs(1795345361640)), "2026-11-22T11:02:41.640Z");
  assert.equal(isoTime(wallMs(0)), "1970-01-01T00:00:00.000Z");
});
