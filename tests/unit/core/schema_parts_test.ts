import assert from "node:assert/strict";
import { FRACTION_TOLERANCE, number } from "../../../src/core/schema_parts.ts";

Deno.test("schema parts: a number's bounds are included, and named when it is beyond them", () => {
  const rate = number(0.1, 30);
  for (const value of [0.1, 1, 30]) assert.equal(rate.parse(value), value);
  for (const value of [0.0999, 30.1, NaN, Infinity, "1", null]) {
    const parsed = rate.safeParse(value);
    assert.deepEqual(
      parsed.error?.issues.map(({ message }) => message),
      ["a number within 0.1 and 30"],
      String(value),
    );
  }
});

Deno.test("schema parts: the tolerance covers sums of computed fractions", () => {
  const sum = 0.33 + 0.56 + 0.11;
  assert.ok(sum > 1 && sum <= 1 + FRACTION_TOLERANCE);
});
