import assert from "node:assert/strict";
import { percentDecoded } from "../../../src/core/percent.ts";

Deno.test("percent: what is encoded is decoded, what is not stays as it is", () => {
  assert.equal(percentDecoded("p%40ss%2Fword"), "p@ss/word");
  assert.equal(percentDecoded("50%"), "50%");
  assert.equal(percentDecoded("%ff"), "%ff");
  assert.equal(percentDecoded(""), "");
});
