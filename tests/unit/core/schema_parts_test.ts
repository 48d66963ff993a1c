import assert from "node:assert/strict";
import { isWithinFrame, numberWithin } from "../../../src/core/schema_parts.ts";

Deno.test("schema parts: a number's bounds are included, and named when it is beyond them", () => {
  const rate = numberWithin(0.1, 30);
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

Deno.test("schema parts: a box within the frame has an area and no corner beyond it", () => {
  const whole = { x: 0, y: 0, width: 1, height: 1 };
  assert.ok(isWithinFrame(whole));
  // Computed fractions: as binary numbers they add up to more than 1.
  const x = 0.33 + 0.56;
  assert.ok(x + 0.11 > 1);
  assert.ok(isWithinFrame({ ...whole, x, width: 0.11 }));
  for (const beyond of [{ width: 0 }, { height: 0 }, { x: 0.001 }, { y: 0.001 }, { width: -1 }]) {
    assert.ok(!isWithinFrame({ ...whole, ...beyond }), JSON.stringify(beyond));
  }
});
