import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { Cadence } from "../../../src/pacing/cadence.ts";

function after(cadence: Cadence, startMs: number, intervalsMs: readonly number[]): number {
  return intervalsMs.reduce((atMs, intervalMs) => {
    cadence.beat(steadyMs(atMs + intervalMs));
    return atMs + intervalMs;
  }, startMs);
}

Deno.test("cadence: the interval follows the frames, and tells when the next one comes", () => {
  const cadence = new Cadence();
  assert.deepEqual([cadence.intervalMs, cadence.nextAtMs], [null, null]);
  const lastMs = after(cadence, 0, [40, 40, 40]);
  assert.deepEqual([cadence.intervalMs, cadence.nextAtMs], [40, lastMs + 40]);
});

Deno.test("cadence: a pause says nothing of it", () => {
  const cadence = new Cadence();
  after(cadence, 0, [40, 40, 3000, 40, 40, 5000, 40]);
  assert.equal(cadence.intervalMs, 40);
});

Deno.test("cadence: a burst at the start is forgotten once the frames come evenly", () => {
  const cadence = new Cadence();
  const lastMs = after(cadence, 0, [2, 2, 2, 2]);
  after(cadence, lastMs, [40, 40, 40]);
  assert.equal(cadence.intervalMs, 40);
});
