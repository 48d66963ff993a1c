import assert from "node:assert/strict";
import { watchTerminal } from "../../../src/service/terminal.ts";

Deno.test("terminal: it is gone when a stream that was one is none any more", () => {
  let isThere = true;
  const terminal = { isTerminal: () => isThere };
  const pipe = { isTerminal: () => false };
  const isGone = watchTerminal([pipe, terminal]);
  const isWithoutGone = watchTerminal([pipe, pipe]);
  assert.equal(isGone(), false);
  isThere = false;
  assert.equal(isGone(), true);
  assert.equal(isWithoutGone(), false);
});
