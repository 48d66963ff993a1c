import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { ObservedTime } from "../../../src/presence/observed_time.ts";

const BOUND_MS = 2500;

/** Passes inferences at these times. */
function pass(time: ObservedTime, ...atMs: readonly number[]): void {
  for (const at of atMs) time.pass(steadyMs(at), BOUND_MS);
}

Deno.test("observed time: a gap counts up to a bound, and an outage is no usual gap", () => {
  const time = new ObservedTime();
  pass(time, 0, 200, 400, 9000);
  assert.deepEqual([time.observedMs, time.gapMs], [400 + BOUND_MS, 200]);
});

Deno.test("observed time: the time in which a thread is replaced counts, and is no usual gap", () => {
  const time = new ObservedTime();
  time.resume(steadyMs(0));
  pass(time, 3000);
  assert.deepEqual([time.observedMs, time.gapMs], [BOUND_MS, 0]);
  pass(time, 3200);
  assert.deepEqual([time.observedMs, time.gapMs], [BOUND_MS + 200, 200]);
});
