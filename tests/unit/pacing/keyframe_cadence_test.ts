import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs } from "../../../src/core/clock.ts";
import { KeyframeCadence } from "../../../src/pacing/keyframe_cadence.ts";

/** Keyframes with this many milliseconds, and packets, between them. */
function observed(gops: readonly (readonly [intervalMs: number, packets: number])[]) {
  const cadence = new KeyframeCadence();
  let atMs = 1000;
  cadence.observeKeyframe(steadyMs(atMs));
  for (const [intervalMs, packets] of gops) {
    for (let packet = 1; packet < packets; packet++) cadence.observePacket();
    atMs += intervalMs;
    cadence.observeKeyframe(steadyMs(atMs));
  }
  return { cadence, lastAtMs: atMs };
}

Deno.test("keyframe cadence: nothing is expected before the second keyframe", () => {
  const { cadence } = observed([]);
  assert.deepEqual([cadence.intervalMs, cadence.nextAtMs, cadence.isSteady], [null, null, false]);
  assert.equal(cadence.packetsLeft, Infinity);
});

Deno.test("keyframe cadence: steady keyframes are expected at their mean, others at their longest interval", () => {
  const { cadence } = observed([[1960, 50], [2040, 50]]);
  assert.deepEqual([cadence.isSteady, cadence.intervalMs], [true, 2000]);
  const uneven = observed([[1000, 25], [2000, 50]]).cadence;
  assert.deepEqual([uneven.isSteady, uneven.intervalMs], [false, 2000]);
});

Deno.test("keyframe cadence: a GOP longer than any before has no packets left", () => {
  const { cadence } = observed([[1000, 25], [1000, 20]]);
  for (let packet = 1; packet <= 24; packet++) cadence.observePacket();
  assert.equal(cadence.packetsLeft, 1);
  for (let packet = 1; packet <= 2; packet++) cadence.observePacket();
  assert.equal(cadence.packetsLeft, -1);
});

Deno.test("keyframe cadence: the interval lies between the shortest and the longest of the last eight", () => {
  const gop = fc.tuple(fc.nat(5000), fc.integer({ min: 1, max: 50 }));
  fc.assert(fc.property(fc.array(gop, { minLength: 1, maxLength: 20 }), (gops) => {
    const { cadence, lastAtMs } = observed(gops);
    const last = gops.slice(-8);
    const intervalsMs = last.map(([intervalMs]) => intervalMs);
    const { intervalMs, nextAtMs, packetsLeft } = cadence;
    assert.ok(intervalMs !== null && nextAtMs !== null);
    assert.ok(intervalMs >= Math.min(...intervalsMs) - 1e-6);
    assert.ok(intervalMs <= Math.max(...intervalsMs) + 1e-6);
    assert.equal(nextAtMs, lastAtMs + intervalMs);
    assert.equal(packetsLeft, Math.max(...last.map(([, packets]) => packets)));
  }));
});
