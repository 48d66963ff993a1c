import assert from "node:assert/strict";
import fc from "fast-check";
import { parseStrictJson } from "../../../src/core/strict_json.ts";

Deno.test("strict JSON: agrees with JSON.parse on everything that JSON.stringify writes", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
    const text = JSON.stringify(value);
    if (/__proto__|constructor|prototype/.test(text)) return;
    const parsed = parseStrictJson(text, 64);
    assert.ok(parsed.ok, text);
    assert.deepEqual(parsed.value, JSON.parse(text));
  }));
});

Deno.test("strict JSON: finds a key that comes twice, wherever, and only in one object", () => {
  const problem = (text: string) => {
    const parsed = parseStrictJson(text, 16);
    return parsed.ok ? null : parsed.problem;
  };
  assert.equal(problem('{"a":{"a":1},"b":[{"a":1},{"a":2}],"c":"\\"a\\":"}'), null);
  assert.equal(problem('{"a":[],"b":{},"a":1}'), "duplicate-key");
  assert.equal(problem('[{"b":1},[{"a":1,"\\u0061":2}]]'), "duplicate-key");
  assert.equal(problem('{"":1,"":2}'), "duplicate-key");
  assert.equal(problem('["constructor","__proto__"]'), null, "as a value it is a text");
  assert.equal(problem("[".repeat(17) + "]".repeat(17)), "too-deep");
});
