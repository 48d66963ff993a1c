import assert from "node:assert/strict";
import {
  hasControlCharacters,
  withoutControlCharacters,
} from "../../../src/core/control_characters.ts";

Deno.test("control characters are the first 32 of ASCII and its last", () => {
  for (let code = 0; code < 0x300; code++) {
    const isControl = code < 0x20 || code === 0x7f;
    const text = `a${String.fromCharCode(code)}b${String.fromCharCode(code)}`;
    assert.equal(hasControlCharacters(text), isControl, `${code}`);
    assert.equal(withoutControlCharacters(text), isControl ? "ab" : text, `${code}`);
    assert.equal(withoutControlCharacters(text, "-"), isControl ? "a-b-" : text, `${code}`);
  }
});
