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
 * The orientations that follow from those that frames signal: a letter each, "-" for none. The first frame
 * is a keyframe, and so is each one after a space.
 */
function orientations(own: string): string {
  const signalled = new SignalledOrientation();
  return own.split(" ").map((group) =>
    [...group].map((name, index) => {
      const found = signalled.next(NAMES[name] ?? null, index === 0);
      return Object.entries(NAMES).find(([, orientation]) => orientation === found)?.[0] ?? "?";
    }).join("")
  ).join(" ");
}

Deno.test("orientation: that of a keyframe holds until the next one", () => {
  assert.equal(orientations("R--- R---"), "RRRR RRRR");
  assert.equal(orientations("R--- U---"), "RRRR UUUU");
  assert.equal(orientations("R--- ----"), "RRRR ----");
  assert.equal(orientations("---- L---"), "---- LLLL");
});

Deno.test("orientation: one between keyframes holds from there on", () => {
  assert.equal(orientations("--R- ----"), "--RR ----");
  assert.equal(orientations("R-U-- R-"), "RRUUU RR");
});

Deno.test("orientation: where every frame signals it, one that does not is upright", () => {
  assert.equal(orientations("RRRR--- --"), "RRRR--- --");
  assert.equal(orientations("RRRUUU-- RR"), "RRRUUU-- RR");
  assert.equal(orientations("RRR--RR--"), "RRR--RR--");
  // The next keyframe resets it.
  assert.equal(orientations("RRR R---"), "RRR RRRR");
});
