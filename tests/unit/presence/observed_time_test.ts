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
