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

Deno.test("whereabouts: after an outage a false detection does not take the stay of who walked on", async () => {
  const rig = new PresenceRig();
  await walk(rig, 100, 400);
  await rig.pass(3000);
  // The walker is as far as one walks from where the false detection is.
  await rig.seeFor(1, 200, at(430, 880));
  for (let x = 910; x < 1100; x += 30) await rig.seeFor(1, 200, at(x));
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  assert.equal(rig.presence.open[0]?.box.x, standing(1090, 400).x);
  rig.presence.stop();
});

Deno.test("whereabouts: after an outage what is seen once elsewhere is not the object yet", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(600));
  await rig.pass(3000);
  await rig.seeFor(1, 200, at(800));
  assert.equal(rig.presence.open[0]?.box.x, standing(600, 400).x);
  await rig.seeFor(1, 200, at(800));
  assert.equal(rig.presence.open[0]?.box.x, standing(800, 400).x);
  rig.presence.stop();
});

Deno.test("whereabouts: a false detection beside who walks on does not take the stay", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 1000, at(600));
  // At the old place, and the walker beside it.
  await rig.seeFor(1, 1000, at(600, 760));
  for (let x = 900; x < 1300; x += 140) await rig.seeFor(1, 1000, at(x));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});

Deno.test("whereabouts: who comes beside one who stands starts soon, though the other one is missed", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 1000, at(600));
  await rig.seeFor(1, 1000, at(600, 760));
  await rig.seeFor(1, 1000, at(900));
  await rig.seeFor(1, 1000, at(600, 1040));
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("whereabouts: what is seen far above who was seen before is another one, unless it goes on so", async () => {
  const rig = new PresenceRig();
  const high = (footY: number) => ({ detections: [person(standing(640, footY))] });
  await rig.seeFor(1, 1000, high(300));
  await rig.seeFor(1, 1000, high(450));
  assert.equal(rig.ledger.started, 0);
  await rig.seeFor(1, 1000, high(600));
  assert.equal(rig.ledger.started, 1);
  rig.presence.stop();
});

Deno.test("whereabouts: a return that is confirmed nowhere does not keep a stay open for long", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 1000, at(640));
  await rig.seeFor(4, 1000);
  await rig.seeFor(1, 1000, at(300));
  await rig.seeFor(2, 1000);
  assert.deepEqual(rig.reasons, []);
  // Too far from the other one to be the same.
  await rig.seeFor(1, 1000, at(1150));
  assert.deepEqual(rig.reasons, ["left"]);
});

Deno.test("whereabouts: at 1 Hz the last sighting of who goes counts, though no other one confirmed it", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 1000, at(640));
  await rig.seeFor(3, 1000);
  await rig.seeFor(1, 1000, at(300));
  const seenAt = rig.clock.wallMs();
  await rig.seeFor(5, 1000);
  assert.deepEqual(rig.ledger.of("end").map(({ seenAtMs }) => seenAtMs), [seenAt]);
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
  const motion = { velocity: { x: 150, y: 0 }, absentMs: 0, gapMs: 200 };
  assert.deepEqual(reported[0]?.motion, motion);
  const after = before.replaced(undefined, reported);
  await walk(after, 1030, 1120);
  assert.equal(after.ledger.started, 1);
  const [open] = after.presence.open;
  assert.equal(open?.id, reported[0]?.id);
  assert.equal(after.see(at(1130))?.[0]?.track, reported[0]?.track);
  after.presence.stop();
});

Deno.test("whereabouts: after a new thread, who came in over the edge walks on, and who stood there stays", async () => {
  const before = new PresenceRig();
  for (let x = 40; x <= 100; x += 30) await before.seeFor(1, 200, at(x, 1150));
  const after = before.replaced(undefined, before.presence.open);
  await after.pass(1600);
  for (let x = 340; x <= 460; x += 30) await after.seeFor(1, 200, at(x, 1150));
  assert.equal(after.ledger.started, 2);
  assert.equal(after.presence.open.length, 2);
  after.presence.stop();
});

Deno.test("whereabouts: how long one was absent before a new thread counts", async () => {
  const before = new PresenceRig();
  await before.seeFor(4, 200, at(640));
  await before.seeFor(15, 200);
  const after = before.replaced(undefined, before.presence.open);
  await after.seeFor(10, 200);
  assert.deepEqual(after.reasons, []);
  await after.seeFor(1, 200);
  assert.deepEqual(after.reasons, ["left"]);
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
