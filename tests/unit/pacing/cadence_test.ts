import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { Cadence } from "../../../src/pacing/cadence.ts";

function after(cadence: Cadence, startMs: number, intervalsMs: readonly number[]): number {
  return intervalsMs.reduce((atMs, intervalMs) => {
    cadence.observe(steadyMs(atMs + intervalMs));
    return atMs + intervalMs;
  }, startMs);
}

Deno.test("cadence: the interval follows the packets, and says when the next one is expected", () => {
  const cadence = new Cadence();
  assert.deepEqual([cadence.intervalMs, cadence.nextAtMs], [null, null]);
  const lastMs = after(cadence, 0, [40, 40, 40]);
  assert.deepEqual([cadence.intervalMs, cadence.nextAtMs], [40, lastMs + 40]);
});

Deno.test("cadence: a pause does not change the interval", () => {
  const cadence = new Cadence();
  after(cadence, 0, [40, 40, 3000, 40, 40, 5000, 40]);
  assert.equal(cadence.intervalMs, 40);
});

Deno.test("cadence: a burst at the start is forgotten once packets arrive evenly", () => {
  const cadence = new Cadence();
  const lastMs = after(cadence, 0, [2, 2, 2, 2]);
  after(cadence, lastMs, [40, 40, 40]);
  assert.equal(cadence.intervalMs, 40);
});
