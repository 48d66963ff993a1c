import assert from "node:assert/strict";
import fc from "fast-check";
import { round } from "../../../src/core/round.ts";

const CASES: readonly [value: number, decimals: number, rounded: number][] = [
  // Their products with the power of ten are below the half.
  [1.005, 2, 1.01],
  [0.285, 2, 0.29],
  [0.5005, 3, 0.501],
  [0.00145, 4, 0.0015],
  [-1.005, 2, -1.01],
  // And these are really below it.
  [1.0049999, 2, 1],
  [0.2849999, 2, 0.28],
  [1.04, 1, 1],
  [1.06, 1, 1.1],
  [2.5, 0, 3],
  [-2.5, 0, -3],
  [-0.04, 1, 0],
  [0, 3, 0],
  [25, 2, 25],
  [1e300, 10, 1e300],
  [1e22, 4, 1e22],
  [Infinity, 2, Infinity],
];

for (const [value, decimals, rounded] of CASES) {
  Deno.test(`round: ${value} with ${decimals} decimals is ${rounded}`, () => {
    assert.equal(round(value, decimals), rounded);
  });
}

Deno.test("round: what is not a number stays so", () => {
  assert.ok(Number.isNaN(round(NaN, 2)));
});

Deno.test("round: a decimal number that ends in 5 is rounded away from zero, all others to the nearest", () => {
  const places = fc.integer({ min: 0, max: 4 });
  fc.assert(fc.property(fc.integer({ min: 0, max: 10_000_000 }), places, (digits, decimals) => {
    const value = Number(`${digits}e-${decimals + 1}`);
    const nearest = Number(`${Math.floor(digits / 10) + (digits % 10 < 5 ? 0 : 1)}e-${decimals}`);
    assert.equal(round(value, decimals), nearest);
    assert.equal(round(-value, decimals), -nearest + 0);
  }));
});

Deno.test("round: rounding twice changes nothing more", () => {
  const value = fc.double({ noNaN: true, min: -1e9, max: 1e9 });
  fc.assert(fc.property(value, fc.integer({ min: 0, max: 4 }), (some, decimals) => {
    assert.equal(round(round(some, decimals), decimals), round(some, decimals));
  }));
});
