import assert from "node:assert/strict";
import { steadyMs } from "../../../../src/core/clock.ts";
import { DecodeBudget } from "../../../../src/stream/bounds/budget.ts";
import { pictureRefused } from "../../../../src/stream/bounds/errors.ts";
import { FairShare } from "../../../../src/stream/bounds/fair_share.ts";
import { StreamBounds } from "../../../../src/stream/bounds/stream_bounds.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";

const EIGHT_K = 8192 * 4320;
const HD = 1920 * 1080;

Deno.test("budget: a slow board never exceeds it", () => {
  const budget = new DecodeBudget();
  // Eight times what a Raspberry Pi 4 takes for 8K, and five times what a Pi 3 takes for 1080p.
  for (let packet = 0; packet < 1000; packet++) {
    budget.spend(8000, EIGHT_K);
    budget.spend(500, HD);
  }
  assert.equal(budget.isExceeded, false);
});

Deno.test("budget: is exceeded by one packet that takes seconds, and by many that take too long", () => {
  const once = new DecodeBudget();
  once.spend(2700, HD);
  assert.equal(once.isExceeded, true);
  const often = new DecodeBudget();
  let packets = 0;
  while (!often.isExceeded && packets < 100) {
    often.spend(1000, HD);
    packets++;
  }
  assert.equal(packets, 5);
});

Deno.test("budget: unused allowance pays back excess", () => {
  const budget = new DecodeBudget();
  budget.spend(2400, HD);
  for (let packet = 0; packet < 10; packet++) budget.spend(30, HD);
  assert.equal(budget.overMs, 0);
});

/**
 * The share of the time that decoding takes, with the pauses that follow it.
 * @param idleMs  how long the next packet takes to arrive anyway
 */
function part(result: "intact" | "finely-sliced" | "wasted", decodeMs: number, idleMs = 0): number {
  const share = new FairShare();
  const rounds = 1000;
  let nowMs = 0;
  for (let round = 0; round < rounds; round++) {
    nowMs += decodeMs;
    share.decoded(decodeMs, result, steadyMs(nowMs));
    nowMs += Math.max(share.pauseMs(), idleMs);
  }
  return rounds * decodeMs / nowMs;
}

Deno.test("share: decoding intact frames causes no pauses, wasted decoding does", () => {
  assert.equal(part("intact", 40), 1);
  assert.ok(Math.abs(part("finely-sliced", 40) - 1 / 2) < 0.01);
  assert.ok(Math.abs(part("wasted", 40) - 1 / 4) < 0.01);
});

Deno.test("share: a camera below its share is never paused", () => {
  assert.equal(part("finely-sliced", 18, 22), 18 / 40);
  assert.equal(part("wasted", 9, 31), 9 / 40);
  const share = new FairShare();
  share.decoded(80, "wasted", steadyMs(1000));
  assert.equal(share.pauseMs(), 0, "a single one is tolerated");
});

/** Packets taken in a minute from a camera that sends without a pause. */
function packetsInAMinute(sizeBytes: number): number {
  const share = new FairShare();
  let packets = 0;
  let nowMs = 0;
  while (nowMs < 60_000 && packets < 1_000_000) {
    share.packet(sizeBytes, steadyMs(nowMs));
    packets++;
    nowMs += share.pauseMs();
  }
  return packets;
}

Deno.test("share: a flood is read no faster than the fastest camera sends", () => {
  const packets = packetsInAMinute(25);
  assert.ok(packets < 1200 + 61 * 240 && packets > 59 * 240, `${packets}`);
  const large = packetsInAMinute(8 * 1024 * 1024);
  assert.ok(large < 63 * 8 && large > 59 * 8, `${large}`);
});

Deno.test("share: a camera with 100 frames per second is never paused", () => {
  const share = new FairShare();
  for (let packet = 0; packet < 10_000; packet++) {
    share.packet(200_000, steadyMs(10 * packet));
    assert.equal(share.pauseMs(), 0);
  }
});

Deno.test("share: nor is one that catches up on half a minute", () => {
  const share = new FairShare();
  for (let packet = 0; packet < 900; packet++) {
    share.packet(20_000, steadyMs(1000));
    assert.equal(share.pauseMs(), 0);
  }
});

function bounds(isLive = true): StreamBounds {
  return new StreamBounds({ maxPixels: HD, isLive, clock: new HeldClock() });
}

Deno.test("bounds: the third refused picture ends the connection", () => {
  const one = bounds();
  const error = pictureRefused("it is a test");
  one.refuse(error);
  one.refuse(error);
  assert.equal(one.settle(), 0);
  one.refuse(error);
  assert.throws(() => one.settle(), { code: "STREAM_PICTURE_REFUSED" });
});

Deno.test("bounds: decoding that takes too long ends the connection after one packet", () => {
  const one = bounds();
  one.decoded(5000, HD, "intact");
  assert.throws(() => one.settle(), { code: "STREAM_DECODE_BUDGET" });
});

Deno.test("bounds: a file is read on demand", () => {
  const file = bounds(false);
  for (let packet = 0; packet < 5000; packet++) file.packet(1000);
  file.decoded(100, HD, "wasted");
  assert.equal(file.settle(), 0);
});
