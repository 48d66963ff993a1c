import assert from "node:assert/strict";
import fc from "fast-check";
import { wallMs } from "../../../src/core/clock.ts";
import { randomDigits, UlidSource } from "../../../src/presence/ulid.ts";

Deno.test("ulid: 26 digits of Crockford's base 32, the time first", () => {
  const ids = new UlidSource((count) => new Uint8Array(count));
  // From the specification: 1469918176385 is 01ARYZ6S41.
  assert.equal(ids.next(wallMs(1_469_918_176_385)), `01ARYZ6S41${"0".repeat(16)}`);
  const full = new UlidSource((count) => new Uint8Array(count).fill(255));
  assert.equal(full.next(wallMs(0)), `${"0".repeat(10)}${"Z".repeat(16)}`);
});

Deno.test("ulid: each is greater than the one before, also when the wall clock is set back", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ ms: fc.nat(5), byte: fc.nat(255) }), { minLength: 2, maxLength: 50 }),
    (steps) => {
      let byte = 0;
      const ids = new UlidSource((count) => new Uint8Array(count).fill(byte));
      const made = steps.map((step) => {
        byte = step.byte;
        return ids.next(wallMs(1_795_345_361_640 - step.ms));
      });
      assert.deepEqual(made, [...new Set(made)].toSorted());
      for (const id of made) assert.match(id, /^[0-9A-HJKMNP-TV-Z]{26}$/);
    },
  ));
});

Deno.test("ulid: random digits use all 32 of them", () => {
  const every = Uint8Array.from({ length: 64 }, (_, index) => index);
  const digits = randomDigits(64, () => every);
  assert.equal(new Set(digits).size, 32);
  assert.match(digits, /^[0-9a-hjkmnp-tv-z]{64}$/);
});
