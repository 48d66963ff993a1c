import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { Rhythm } from "../../../src/framebus/rhythm.ts";

function after(rhythm: Rhythm, startMs: number, intervalsMs: readonly number[]): number {
  return intervalsMs.reduce((atMs, intervalMs) => {
    rhythm.beat(steadyMs(atMs + intervalMs));
    return atMs + intervalMs;
  }, startMs);
}

Deno.test("rhythm: the interval follows the frames, and tells when the next one comes", () => {
  const rhythm = new Rhythm();
  assert.deepEqual([rhythm.intervalMs, rhythm.nextAtMs], [null, null]);
  const lastMs = after(rhythm, 0, [40, 40, 40]);
  assert.deepEqual([rhythm.intervalMs, rhythm.nextAtMs], [40, lastMs + 40]);
});

Deno.test("rhythm: a pause says nothing of it", () => {
  const rhythm = new Rhythm();
  after(rhythm, 0, [40, 40, 3000, 40, 40, 5000, 40]);
  assert.equal(rhythm.intervalMs, 40);
});

Deno.test("rhythm: a burst at the start is forgotten once the frames come evenly", () => {
  const rhythm = new Rhythm();
  const lastMs = after(rhythm, 0, [2, 2, 2, 2]);
  after(rhythm, lastMs, [40, 40, 40]);
  assert.equal(rhythm.intervalMs, 40);
});
