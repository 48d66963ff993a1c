import assert from "node:assert/strict";
import { steadyMs } from "../../../src/core/clock.ts";
import { type BoxPx, scaled } from "../../../src/core/geometry.ts";
import { wayOf } from "../../../src/presence/ways.ts";
import type { SeenPlace } from "../../../src/tracking/track_types.ts";
import { person, plan, PresenceRig, SIZE, standing } from "../../support/presence/rig.ts";

/** What is seen of people who stand at these places. */
function at(...places: readonly number[]) {
  return { detections: places.map((x) => person(standing(x, 400))) };
}

/** Walks in steps of 30 pixels, one each 200 ms. */
async function walk(rig: PresenceRig, from: number, to: number): Promise<void> {
  for (let x = from; from < to ? x <= to : x >= to; x += from < to ? 30 : -30) {
    await rig.seeFor(1, 200, at(x));
  }
}

Deno.test("whereabouts: a false detection does not lead a stay away from one who is hidden", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(3, 200, at(600));
  await rig.seeFor(5, 200);
  await rig.seeFor(1, 200, at(800));
  await rig.seeFor(5, 200);
  assert.equal(rig.presence.open[0]?.box.x, standing(600, 400).x);
  await rig.seeFor(3, 200, at(560));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  assert.equal(rig.presence.open[0]?.box.x, standing(560, 400).x);
  rig.presence.stop();
});

Deno.test("whereabouts: who walked out is not who is seen far from there", async () => {
  const rig = new PresenceRig();
  await walk(rig, 900, 1260);
  const [first] = rig.presence.open;
  await rig.seeFor(15, 200);
  const placements = [];
  for (let x = 930; x > 700; x -= 30) {
    await rig.pass(200);
    placements.push(...rig.see(at(x)) ?? []);
  }
  assert.equal(rig.ledger.started, 2);
  const [track] = placements;
  assert.notEqual(track?.track, first?.track);
  assert(
    placements.every((each) => each.track === track?.track),
    "one track from the first frame on",
  );
  await rig.seeFor(25, 200);
  assert.deepEqual(rig.reasons, ["left", "left"]);
});

Deno.test("whereabouts: who comes back where they went goes on", async () => {
  const rig = new PresenceRig();
  await walk(rig, 900, 1260);
  await rig.seeFor(10, 200);
  await walk(rig, 1240, 900);
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  rig.presence.stop();
});

Deno.test("whereabouts: a stay goes on in a new thread from where it was last reported", async () => {
  const before = new PresenceRig();
  await walk(before, 100, 1000);
  const reported = before.presence.open;
  const after = before.replaced(undefined, reported);
  await walk(after, 1030, 1120);
  assert.equal(after.ledger.started, 1);
  const [open] = after.presence.open;
  assert.equal(open?.id, reported[0]?.id);
  assert.equal(after.see(at(1130))?.[0]?.track, reported[0]?.track);
  after.presence.stop();
});

Deno.test("whereabouts: after a new thread, who was at the edge has left, and another one comes", async () => {
  const before = new PresenceRig();
  await walk(before, 900, 1260);
  const after = before.replaced(undefined, before.presence.open);
  await after.seeFor(12, 200);
  await walk(after, 860, 620);
  assert.equal(after.ledger.started, 2);
  await after.seeFor(25, 200);
  assert.deepEqual(after.reasons, ["left", "left"]);
});

for (const factor of [0.5, 2]) {
  Deno.test(`whereabouts: who walks goes on in a picture of ${factor} times the size`, async () => {
    const size = { width: factor * SIZE.width, height: factor * SIZE.height };
    for (const [from, to] of [[500, 800], [800, 500]] as const) {
      const rig = new PresenceRig(plan({ settings: { snapshot: "crop" } }));
      await walk(rig, from, to);
      const asked = rig.keeps[0];
      const inSize = (box: BoxPx) => scaled(box, { x: factor, y: factor });
      const there = inSize(standing(to, 400));
      await rig.seeFor(5, 200, { detections: [person(there)], size });
      assert.equal(rig.ledger.started, 1);
      assert(asked !== undefined);
      rig.presence.kept(asked.stay, asked.seq);
      const [open] = rig.presence.open;
      assert.deepEqual([open?.size, open?.box], [size, there]);
      assert.deepEqual(open?.best.box, inSize(asked.box));
      rig.presence.stop();
    }
  });
}

Deno.test("whereabouts: at 1 Hz a stay that lost its track goes on with a new one within reach", async () => {
  const rig = new PresenceRig();
  const tall = (x: number, height: number) => ({ detections: [person(standing(x, 400, height))] });
  await rig.seeFor(3, 1000, tall(640, 200));
  // Another part of it is seen at first: too high for the tracker.
  await rig.seeFor(2, 1000);
  await rig.seeFor(1, 1000, { detections: [person(standing(690, 400, 265))] });
  await rig.seeFor(2, 1000, { detections: [person(standing(700, 400, 258))] });
  assert.equal(rig.ledger.started, 1);
  rig.presence.stop();
});

Deno.test("whereabouts: the way to another place is as far as one walks, of one size and height", () => {
  const place = (x: number, atMs: number, { footY = 400, height = 200 } = {}): SeenPlace => ({
    box: standing(x, footY, height),
    atMs: steadyMs(atMs),
  });
  const way = (to: SeenPlace) => wayOf(place(640, 0), to);
  assert.equal(way(place(740, 1000)), 0.5);
  assert.equal(way(place(940, 2000)), 1.5);
  assert.equal(way(place(940, 1000)), Infinity, "too fast");
  assert.equal(way(place(1640, 9000)), Infinity, "too far");
  assert.equal(way(place(650, 1000, { height: 270 })), Infinity, "too high");
  assert.equal(way(place(650, 1000, { footY: 470 })), Infinity, "farther down");
});

Deno.test("whereabouts: who comes in over an edge is not who was hidden far from there", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(5, 200, at(700));
  await rig.seeFor(15, 200);
  await walk(rig, 50, 140);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});
