import assert from "node:assert/strict";
import {
  bothClocks,
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
  assert.ok(wall >= before && wall < Date.now() + 1);
});

Deno.test("clock: the wall clock is finer than a millisecond", () => {
  const walls = Array.from({ length: 100 }, () => epochMs(systemClock.wallMs()));
  assert.ok(walls.some((each) => !Number.isInteger(each)));
});

/** A clock whose thread is preempted for 30 ms the first `times` that the wall clock was read. */
function preempted(times: number): { clock: Clock; reads(): number } {
  let now = 1000;
  let reads = 0;
  const clock: Clock = {
    ...systemClock,
    nowMs: () => steadyMs(now),
    wallMs() {
      const wall = now + 1_000_000;
      if (reads++ < times) now += 30;
      return wallMs(wall);
    },
  };
  return { clock, reads: () => reads };
}

Deno.test("clock: both clocks are of one moment, also where the thread is preempted between them", () => {
  const { clock, reads } = preempted(3);
  const { steady, wall } = bothClocks(clock);
  assert.equal(epochMs(wall) - steady, 1_000_000);
  assert.equal(reads(), 4);
});

Deno.test("clock: on a thread that is always preempted both clocks are read five times", () => {
  const { clock, reads } = preempted(Infinity);
  const { steady, wall } = bothClocks(clock);
  assert.equal(epochMs(wall) - steady, 1_000_000 - 15);
  assert.equal(reads(), 5);
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
