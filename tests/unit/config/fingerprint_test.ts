import assert from "node:assert/strict";
import fc from "fast-check";
import { parseFingerprint } from "../../../src/config/fingerprint.ts";

const digits = fc.uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")));

Deno.test("fingerprint: with colons or without, in either case, it is the same", () => {
  fc.assert(fc.property(digits, fc.constantFrom("", ":"), fc.boolean(), (pairs, colon, upper) => {
    const text = `sha256:${pairs.join(colon)}`;
    const parsed = parseFingerprint(upper ? text.toUpperCase() : text);
    assert.deepEqual(parsed, { ok: true, value: pairs.join("") });
  }));
});

Deno.test("fingerprint: anything else is refused with a remedy", () => {
  const whole = "0f".repeat(32);
  for (
    const text of [
      whole,
      "sha256:",
      `sha1:${"0f".repeat(20)}`,
      `sha256:${whole}0f`,
      `sha256:${whole.slice(1)}g`,
      `sha256:0f:${"0f".repeat(31)}`,
      `sha256: ${whole}`,
    ]
  ) {
    const parsed = parseFingerprint(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.remedy, /sha256: and 64 hexadecimal digits/);
  }
});
