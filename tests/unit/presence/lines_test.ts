import assert from "node:assert/strict";
import type { Line } from "../../../src/core/presence_types.ts";
import { LineWatch } from "../../../src/presence/lines.ts";
import { standing } from "../../support/presence/rig.ts";

const SIZE = { width: 1000, height: 500 };

/** Across the left three quarters of the picture, at half its height: left of it is above. */
const ACROSS: Line = { id: "gate", from: { x: 0, y: 0.5 }, to: { x: 0.75, y: 0.5 } };

/** Moves an object of 100 pixels' height; each step gives the directions that it crossed in. */
function walk(line: Line) {
  const watch = new LineWatch();
  return (x: number, y: number, confirmed = true) =>
    watch.move([line], { box: standing(x, y, 100), size: SIZE, confirmed })
      .map(({ direction }) => direction);
}

Deno.test("lines: the side is seen along the line, in the picture as shown", () => {
  const down = walk(ACROSS);
  down(300, 200);
  assert.deepEqual(down(300, 300), ["right"]);
  const up = walk(ACROSS);
  up(300, 300);
  assert.deepEqual(up(300, 200), ["left"]);
  // The line the other way round has its sides the other way round.
  const turned = walk({ ...ACROSS, from: ACROSS.to, to: ACROSS.from });
  turned(300, 200);
  assert.deepEqual(turned(300, 300), ["left"]);
  // From the bottom to the top of the picture, left is left.
  const upright = walk({ id: "door", from: { x: 0.5, y: 1 }, to: { x: 0.5, y: 0 } });
  upright(600, 300);
  assert.deepEqual(upright(400, 300), ["left"]);
});

Deno.test("lines: jitter around the line crosses nothing, and once beyond it crosses once", () => {
  const step = walk(ACROSS);
  step(300, 245);
  for (const y of [255, 247, 259, 241, 258]) assert.deepEqual(step(300, y), []);
  assert.deepEqual(step(300, 262), ["right"]);
  for (const y of [245, 255, 241, 262]) assert.deepEqual(step(300, y), []);
  assert.deepEqual(step(300, 238), ["left"]);
});

Deno.test("lines: the way around the end of a line does not cross it", () => {
  const step = walk(ACROSS);
  step(700, 200);
  for (const [x, y] of [[800, 220], [850, 250], [800, 290]] as const) {
    assert.deepEqual(step(x, y), []);
  }
  assert.deepEqual(step(300, 290), []);
  assert.deepEqual(step(300, 200), ["left"], "and back it crosses the line itself");
});

Deno.test("lines: an object that is hidden while it crosses has crossed when it is seen again", () => {
  const step = walk(ACROSS);
  step(200, 100);
  assert.deepEqual(step(500, 450), ["right"]);
});

Deno.test("lines: what is not confirmed crosses nothing; once it is, it has come from where it began", () => {
  const step = walk(ACROSS);
  assert.deepEqual(step(300, 200, false), []);
  assert.deepEqual(step(300, 300, false), []);
  assert.deepEqual(step(300, 320), ["right"]);
});

Deno.test("lines: one that begins exactly on the line has come from neither side", () => {
  const step = walk(ACROSS);
  step(300, 250);
  assert.deepEqual(step(300, 300), []);
  assert.deepEqual(step(300, 200), ["left"]);
});
