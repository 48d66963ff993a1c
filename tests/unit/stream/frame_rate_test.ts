import assert from "node:assert/strict";
import fc from "fast-check";
import { FrameRate } from "../../../src/stream/frame_rate.ts";

/** Largest relative error of a rate. */
const TOLERANCE = 0.02;
/** A fixed seed: random cases may exceed the error by chance. */
const SEED = { seed: 20_240_607, numRuns: 300 } as const;

const fps = fc.oneof(
  fc.double({ min: Math.log(0.2), max: Math.log(120), noNaN: true }).map(Math.exp),
  fc.constantFrom(0.2, 1, 5, 10, 12.5, 15, 25, 29.97, 30, 60, 120),
);

/** Arrival times of a steady camera, with a jitter of up to 30 % of the interval. */
function jittered(rate: number, frames: number, jitter: () => number): number[] {
  return Array.from({ length: frames }, (_, index) => (index + 1 + jitter()) * 1000 / rate);
}

/** Checks the rate at each frame. @returns when it was first known, in milliseconds; or null */
function assertNeverWrong(rate: number, arrivalsMs: readonly number[]): number | null {
  const found = new FrameRate();
  let knownAtMs: number | null = null;
  for (const atMs of arrivalsMs) {
    found.arrive(atMs);
    const value = found.at(atMs);
    if (value === null) {
      assert.equal(knownAtMs, null, `no longer known after ${atMs} ms`);
      continue;
    }
    knownAtMs ??= atMs;
    assert.ok(Math.abs(value / rate - 1) <= TOLERANCE, `${value} of ${rate} after ${atMs} ms`);
  }
  return knownAtMs;
}

/** Reproducible, between -0.3 and 0.3. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = state * 48_271 % 2_147_483_647;
    return 0.3 * (2 * state / 2_147_483_647 - 1);
  };
}

const seed = fc.integer({ min: 1, max: 2_000_000_000 });

Deno.test("frame rate: of a steady camera is known after a second, or eight frames", () => {
  fc.assert(
    fc.property(fps, (rate) => {
      const arrivalsMs = jittered(rate, Math.ceil(Math.max(30, rate * 12)), () => 0);
      const knownAtMs = assertNeverWrong(rate, arrivalsMs);
      assert.ok(knownAtMs !== null && knownAtMs <= Math.max(1000, 7000 / rate) + 2000 / rate + 1);
    }),
    SEED,
  );
});

Deno.test("frame rate: is not wrong with a jitter of 30 %", () => {
  fc.assert(
    fc.property(fps, seed, (rate, seed) => {
      const arrivalsMs = jittered(rate, Math.ceil(Math.max(120, rate * 12)), noise(seed));
      assert.notEqual(assertNeverWrong(rate, arrivalsMs), null, "it is known eventually");
    }),
    SEED,
  );
});

Deno.test("frame rate: an initial burst of buffered frames is not taken for it", () => {
  fc.assert(
    fc.property(fps, fc.integer({ min: 2, max: 300 }), seed, (rate, burst, seed) => {
      const kept = Array.from({ length: burst }, (_, index) => -burst * 0.2 + index * 0.2);
      const frames = Math.ceil(Math.max(200, rate * 12));
      assert.notEqual(
        assertNeverWrong(rate, [...kept, ...jittered(rate, frames, noise(seed))]),
        null,
      );
    }),
    SEED,
  );
});

Deno.test("frame rate: single frames that are up to 0.3 s late do not change it", () => {
  const late = noise(7);
  let lastMs = 0;
  const arrivalsMs = jittered(25, 2000, () => 0).map((atMs) => {
    const lateMs = late() > 0.27 ? 1000 * Math.abs(late()) : 0;
    return lastMs = Math.max(lastMs, atMs + lateMs);
  });
  assert.notEqual(assertNeverWrong(25, arrivalsMs), null);
});

Deno.test("frame rate: a changed rate is known within seconds, and a pause is no rate", () => {
  for (const [before, after] of [[25, 10], [10, 25], [120, 5], [5, 120], [25, 20]] as const) {
    const rate = new FrameRate();
    let atMs = 0;
    const play = (fps: number, seconds: number) => {
      for (let count = 0; count < fps * seconds; count++) rate.arrive(atMs += 1000 / fps);
      return rate.at(atMs);
    };
    assert.equal(Math.round(play(before, 30) ?? 0), before);
    play(after, 3.5);
    const found = play(after, 3);
    assert.ok(found !== null && Math.abs(found / after - 1) < TOLERANCE, `${found} of ${after}`);
    assert.equal(rate.at(atMs + 10_000), null);
    atMs += 10_000;
    assert.equal(play(after, 1), null);
    assert.equal(Math.round(play(after, 2) ?? 0), after);
    rate.restart();
    assert.equal(rate.at(atMs), null);
  }
});
