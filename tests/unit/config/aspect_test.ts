import assert from "node:assert/strict";
import fc from "fast-check";
import { parseAspect } from "../../../src/config/aspect.ts";

Deno.test("aspect: auto, and width to height", () => {
  const value = (text: string) => {
    const parsed = parseAspect(text);
    return parsed.ok ? parsed.value : parsed.message;
  };
  assert.equal(value("auto"), null);
  assert.equal(value("16:9"), 16 / 9);
  assert.equal(value("4:3"), 4 / 3);
  assert.equal(value("9:16"), 9 / 16);
  assert.equal(value("1920:1080"), 16 / 9);
  assert.equal(value("8:1"), 8);
  assert.match(String(value("9:1")), /longer/);
  assert.match(String(value("1:80")), /longer/);
});

Deno.test("aspect: anything else is refused with a remedy", () => {
  const wrong = [
    "",
    "16/9",
    "1.78",
    "16:",
    ":9",
    "0:9",
    "16:0",
    "-16:9",
    "16:9:1",
    "16 : 9",
    "wide",
  ];
  for (const text of wrong) assert.equal(parseAspect(text).ok, false, text);
  fc.assert(fc.property(fc.string(), (text) => {
    const parsed = parseAspect(text);
    if (!parsed.ok) assert.match(parsed.remedy, /16:9/);
    else if (parsed.value !== null) assert.ok(parsed.value >= 1 / 8 && parsed.value <= 8);
  }));
});
