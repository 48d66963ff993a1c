import assert from "node:assert/strict";
import { type Orientation, orientationOf } from "../../../src/core/display.ts";
import { SignalledOrientation } from "../../../src/stream/frame_views.ts";

const NAMES: Readonly<Record<string, Orientation | null>> = {
  "-": null,
  R: orientationOf(1, false),
  U: orientationOf(2, false),
  L: orientationOf(3, false),
};

/**
 * What follows from what pictures say themselves: a letter each, "-" for nothing; keyframes after a
 * space, the first one too.
 */
function held(own: string): string {
  const signalled = new SignalledOrientation();
  return own.split(" ").map((group) =>
    [...group].map((name, index) => {
      const found = signalled.next(NAMES[name] ?? null, index === 0);
      return Object.entries(NAMES).find(([, orientation]) => orientation === found)?.[0] ?? "?";
    }).join("")
  ).join(" ");
}

Deno.test("orientation: what a keyframe says holds until the next one", () => {
  assert.equal(held("R--- R---"), "RRRR RRRR");
  assert.equal(held("R--- U---"), "RRRR UUUU");
  assert.equal(held("R--- ----"), "RRRR ----");
  assert.equal(held("---- L---"), "---- LLLL");
});

Deno.test("orientation: one that comes between keyframes holds from there on", () => {
  assert.equal(held("--R- ----"), "--RR ----");
  assert.equal(held("R-U-- R-"), "RRUUU RR");
});

Deno.test("orientation: where every picture says it, the first that does not is upright", () => {
  assert.equal(held("RRRR--- --"), "RRRR--- --");
  assert.equal(held("RRRUUU-- RR"), "RRRUUU-- RR");
  assert.equal(held("RRR--RR--"), "RRR--RR--");
  // The next keyframe begins anew.
  assert.equal(held("RRR R---"), "RRR RRRR");
});
