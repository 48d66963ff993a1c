import assert from "node:assert/strict";
import { steadyMs as at } from "../../../src/core/clock.ts";
import { RateLimiter } from "../../../src/pacing/rate_limiter.ts";

Deno.test("rate gate: without a rate it is always due", () => {
  const gate = new RateLimiter(null);
  gate.delivered(at(0));
  assert.equal(gate.waitMs(at(0)), 0);
});

Deno.test("rate gate: a delivery that comes late by less than a period does not shift the next", () => {
  const gate = new RateLimiter(5);
  gate.delivered(at(1000));
  assert.equal(gate.waitMs(at(1000)), 200);
  assert.equal(gate.waitMs(at(1230)), 0);
  gate.delivered(at(1230));
  assert.equal(gate.waitMs(at(1230)), 170, "due at 1400, not at 1430");
});

Deno.test("rate gate: a delivery up to half a frame early does not shift the next either", () => {
  const gate = new RateLimiter(10);
  gate.delivered(at(1000));
  gate.delivered(at(1085));
  assert.equal(gate.waitMs(at(1085)), 115, "due at 1200");
});

Deno.test("rate gate: a pause is not made up for by a burst", () => {
  const gate = new RateLimiter(10);
  gate.delivered(at(0));
  gate.delivered(at(5000));
  assert.equal(gate.waitMs(at(5000)), 100);
});

Deno.test("rate gate: a new rate counts from the last delivery", () => {
  const gate = new RateLimiter(1);
  gate.delivered(at(0));
  gate.setRate(10, at(50));
  assert.equal(gate.waitMs(at(50)), 50);
  gate.setRate(0.1, at(60));
  assert.equal(gate.waitMs(at(60)), 9940);
  gate.setRate(null, at(70));
  assert.equal(gate.waitMs(at(70)), 0);
  assert.equal(gate.rateHz, null);
});

Deno.test("rate gate: when the next but one is due is known before the next is delivered", () => {
  const gate = new RateLimiter(10);
  assert.equal(gate.waitAfterMs(at(0)), 100, "nothing was delivered yet");
  gate.delivered(at(1000));
  for (const atMs of [1060, 1100, 1150, 1199, 1200, 5000]) {
    const waitMs = gate.waitAfterMs(at(atMs));
    const later = new RateLimiter(10);
    later.delivered(at(1000));
    later.delivered(at(atMs));
    assert.equal(waitMs, later.waitMs(at(atMs)), `at ${atMs}`);
  }
  assert.equal(new RateLimiter(null).waitAfterMs(at(0)), 0);
});
