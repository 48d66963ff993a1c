import assert from "node:assert/strict";
import { person, PresenceRig, standing } from "../../support/presence/rig.ts";

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

Deno.test("whereabouts: a stay of an old place goes on with the first new track after a new thread", async () => {
  const before = new PresenceRig();
  await walk(before, 100, 1000);
  // Main last heard of it when it started.
  const [stay] = before.ledger.open;
  assert.equal(stay?.box.x, standing(130, 400).x);
  const after = before.replaced();
  await walk(after, 1030, 1120);
  assert.equal(after.ledger.started, 1);
  const [open] = after.presence.open;
  assert.equal(open?.id, stay?.id);
  assert.equal(after.see(at(1130))?.[0]?.track, stay?.track);
  after.presence.stop();
});
