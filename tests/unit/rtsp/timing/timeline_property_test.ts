import fc from "fast-check";
import assert from "node:assert/strict";
import {
  assertUnique,
  decodingOrder,
  NONE,
  played,
  RATE,
} from "../../../support/cameras/rtp_stream.ts";

const saneStream = fc.record({
  fps: fc.oneof(
    fc.constantFrom(0.2, 0.5, 1, 5, 12.5, 25, 30, 60),
    fc.double({ min: 0.2, max: 60, noNaN: true }),
  ),
  reordered: fc.nat(3),
  drift: fc.constantFrom(1, 1, 0.95, 1.05, 1.0001),
  jitterMs: fc.array(fc.nat(300), { minLength: 200, maxLength: 200 }),
  stalls: fc.array(
    fc.record({ at: fc.integer({ min: 8, max: 199 }), ms: fc.nat(8000) }),
    { maxLength: 4 },
  ),
  readEveryMs: fc.constantFrom(0, 0, 40, 400),
  firstRtp: fc.nat(0xffff_ffff),
}).map(({ fps, reordered, drift, jitterMs, stalls, readEveryMs, firstRtp }) => {
  const blocked = stalls.map(({ at, ms }) => ({ from: at * 1000 / fps, to: at * 1000 / fps + ms }));
  let lastMs = 0;
  const units = decodingOrder(jitterMs.length, reordered).map((shown, i) => {
    // A unit is sent for each captured picture, once the first B-frame's reference was sent.
    let arrivedMs = (i + reordered) * 1000 / fps + (jitterMs[i] ?? 0);
    for (const { from, to } of blocked) {
      if (arrivedMs >= from && arrivedMs < to) arrivedMs = to;
    }
    if (readEveryMs > 0) arrivedMs = Math.ceil(arrivedMs / readEveryMs) * readEveryMs;
    lastMs = Math.max(lastMs, arrivedMs);
    return { stampS: shown * drift / fps, arrivedMs: lastMs };
  });
  return { units, firstRtp };
});

Deno.test("rtsp timeline: timestamps of a valid stream are kept, and no anomaly is counted", () => {
  fc.assert(
    fc.property(saneStream, ({ units, firstRtp }) => {
      const { timeline, pts } = played(units, { firstRtp });
      assert.deepEqual(pts, units.map(({ stampS }) => Math.round(stampS * RATE)));
      assert.deepEqual(timeline.anomalies, NONE);
    }),
    { numRuns: 500 },
  );
});

Deno.test("rtsp timeline: single wrong timestamps do not affect others", () => {
  const outliers = fc.array(
    fc.record({
      gap: fc.integer({ min: 20, max: 80 }),
      offS: fc.oneof(
        fc.double({ min: -20_000, max: 20_000, noNaN: true }),
        fc.double({ min: -10, max: 10, noNaN: true }),
      ),
    }),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(saneStream, outliers, ({ units, firstRtp }, odd) => {
      const at = new Map<number, number>();
      let place = 0;
      for (const { gap, offS } of odd) at.set(place += gap, offS);
      const faulty = units.map((unit, i) => ({ ...unit, stampS: unit.stampS + (at.get(i) ?? 0) }));
      const { timeline, pts } = played(faulty, { firstRtp });
      assertUnique(pts);
      assert.equal(timeline.anomalies.jump, 0);
      assert.equal(timeline.anomalies.constant, 0);
      for (const [i, { stampS }] of units.entries()) {
        // The replacement of a wrong timestamp may equal another one, which is then moved by a tick.
        if (!at.has(i)) assert.ok(Math.abs((pts[i] ?? NaN) - stampS * RATE) <= 1.5, `unit ${i}`);
      }
    }),
    { numRuns: 500 },
  );
});
