import assert from "node:assert/strict";
import { nearestName, suggestName } from "../../../src/core/nearest.ts";

const KNOWN = ["person", "bicycle", "traffic light", "motorcycle"];

Deno.test("nearest: a name with a third of its letters wrong is found, case aside", () => {
  const cases: readonly (readonly [typed: string, meant: string | null])[] = [
    ["persn", "person"],
    ["perosn", "person"],
    // Two swaps of neighbours: four replacements would be too many.
    ["presno", "person"],
    ["PERSON", "person"],
    ["Motor cycle", "motorcycle"],
    ["trafic lights", "traffic light"],
    ["x", null],
    ["", null],
    ["zzzzzz", null],
    ["a".repeat(10_000), null],
  ];
  for (const [typed, meant] of cases) assert.equal(nearestName(typed, KNOWN), meant, typed);
});

Deno.test("nearest: a name of one or two letters may have one wrong, and the first of equals wins", () => {
  assert.equal(nearestName("ix", ["id", "is"]), "id");
  assert.equal(nearestName("xy", ["id"]), null);
});

Deno.test("nearest: the remedy is the nearest name, else all of them", () => {
  assert.equal(suggestName("bycicle", KNOWN), 'Did you mean "bicycle"?');
  assert.equal(suggestName("zzzzzz", ["a", "b"]), "Use one of: a, b.");
  assert.equal(suggestName("zzzzzz", []), "Remove it.");
});
