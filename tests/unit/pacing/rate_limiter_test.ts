import assert from "node:assert/strict";
import fc from "fast-check";
import { steadyMs as at } from "../../../src/core/clock.ts";
import { RateLimiter } from "../../../src/pacing/rate_limiter.ts";

Deno.test("rate limiter: without a rate it is always due", () => {
  const limiter = new RateLimiter(null);
  limiter.delivered(at(0));
  assert.equal(limiter.waitMs(at(0)), 0);
});

Deno.test("rate limiter: a delivery that is late by less than a period does not shift the next", () => {
  const limiter = new RateLimiter(5);
  limiter.delivered(at(1000));
  assert.equal(limiter.waitMs(at(1000)), 200);
  assert.equal(limiter.waitMs(at(1230)), 0);
  limiter.delivered(at(1230));
  assert.equal(limiter.waitMs(at(1230)), 170, "due at 1400, not at 1430");
});

Deno.test("rate limiter: a delivery up to half a frame early does not shift the next either", () => {
  const limiter = new RateLimiter(10);
  limiter.delivered(at(1000));
  limiter.delivered(at(1085));
  assert.equal(limiter.waitMs(at(1085)), 115, "due at 1200");
});

Deno.test("rate limiter: no burst compensates for a pause", () => {
  const limiter = new RateLimiter(10);
  limiter.delivered(at(0));
  limiter.delivered(at(5000));
  assert.equal(limiter.waitMs(at(5000)), 100);
});

Deno.test("rate limiter: a new rate counts from the last delivery", () => {
  const limiter = new RateLimiter(1);
  limiter.delivered(at(0));
  limiter.setRate(10, at(50));
  assert.equal(limiter.waitMs(at(50)), 50);
  limiter.setRate(0.1, at(60));
  assert.equal(limiter.waitMs(at(60)), 9940);
  limiter.setRate(null, at(70));
  assert.equal(limiter.waitMs(at(70)), 0);
  assert.equal(limiter.rateHz, null);
});

Deno.test("rate limiter: the due time after the next is known before the next is delivered", () => {
  const limiter = new RateLimiter(10);
  assert.equal(limiter.waitAfterMs(at(0)), 100, "nothing was delivered yet");
  limiter.delivered(at(1000));
  for (const atMs of [1060, 1100, 1150, 1199, 1200, 5000]) {
    const waitMs = limiter.waitAfterMs(at(atMs));
    const later = new RateLimiter(10);
    later.delivered(at(1000));
    later.delivered(at(atMs));
    assert.equal(waitMs, later.waitMs(at(atMs)), `at ${atMs}`);
  }
  assert.equal(new RateLimiter(null).waitAfterMs(at(0)), 0);
});

Deno.test("rate limiter: at any jitter of less than half a period the rate is exact", () => {
  fc.assert(fc.property(
    fc.constantFrom(0.5, 1, 5, 10, 30),
    fc.array(fc.double({ min: -0.49, max: 0.49, noNaN: true }), { minLength: 1, maxLength: 100 }),
    (rateHz, jitter) => {
      const limiter = new RateLimiter(rateHz);
      const periodMs = 1000 / rateHz;
      limiter.delivered(at(0));
      jitter.forEach((part, index) => limiter.delivered(at((index + 1 + part) * periodMs)));
      const endMs = jitter.length * periodMs;
      assert.ok(Math.abs(limiter.waitMs(at(endMs)) - periodMs) < 1e-6);
    },
  ));
});

Deno.test("rate limiter: due times move towards a cadence that fits, by 1 % of its interval at most", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 0, max: 999 }),
    (deliveries, phaseMs) => {
      // A period is the interval's fraction; the cadence is off by any phase.
      const intervalMs = 1000;
      const limiter = new RateLimiter(deliveries);
      limiter.delivered(at(10_000));
      const offMs = () => {
        const gridMs = intervalMs / deliveries;
        const aheadMs = 10_000 + limiter.waitMs(at(10_000)) - phaseMs;
        return aheadMs - gridMs * Math.round(aheadMs / gridMs);
      };
      for (let keyframe = 0; keyframe < 60; keyframe++) {
        const beforeMs = Math.abs(offMs());
        limiter.align({ atMs: at(phaseMs), intervalMs });
        const movedMs = beforeMs - Math.abs(offMs());
        assert.ok(movedMs > -1e-6 && movedMs <= 10 + 1e-6, `moved by ${movedMs} ms`);
      }
      assert.ok(Math.abs(offMs()) < 1e-6, `still ${offMs()} ms off`);
    },
  ));
});

Deno.test("rate limiter: a cadence that does not fit the period shifts nothing", () => {
  const limiter = new RateLimiter(3);
  limiter.delivered(at(1000));
  const waitMs = limiter.waitMs(at(1000));
  for (const intervalMs of [0, 400, 700, 1020, 40_000]) {
    limiter.align({ atMs: at(1100), intervalMs });
    assert.equal(limiter.waitMs(at(1000)), waitMs, `${intervalMs} ms`);
  }
});
