import assert from "node:assert/strict";
import { person, PresenceRig, standing } from "../../support/presence/rig.ts";

/** What is seen of people who stand at these places. */
function at(...places: readonly number[]) {
  return { detections: places.map((x) => person(standing(x, 400))) };
}

/** Walks in steps of 30 pixels, one each 200 ms. */
async function walk(rig: PresenceRig, from: number, to: number): Promise<void> {
  for (let x = from; x <= to; x += 30) await rig.seeFor(1, 200, at(x));
}

Deno.test("returns: who comes in over an edge does not take the track of who was hidden", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(5, 200, at(700));
  await rig.seeFor(19, 200);
  await walk(rig, 20, 110);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("returns: a detection in the picture is no return of who walked out of it", async () => {
  const rig = new PresenceRig();
  await walk(rig, 900, 1260);
  await rig.seeFor(8, 200);
  await rig.seeFor(1, 200, at(1060));
  await rig.seeFor(16, 200);
  assert.deepEqual(rig.reasons, ["left"]);
});

Deno.test("returns: who is found where a false detection was not goes on", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(600));
  // In its place, and of another size.
  await rig.seeFor(1, 200, { detections: [person(standing(600, 400, 130))] });
  await rig.seeFor(3, 200, at(640));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});

Deno.test("returns: after an outage a false detection of before it makes no second stay", async () => {
  const rig = new PresenceRig();
  await walk(rig, 200, 320);
  await rig.seeFor(1, 200, at(350, 800));
  await rig.seeFor(1, 200, at(380));
  await rig.pass(3800);
  for (let x = 860; x < 1100; x += 30) await rig.seeFor(1, 200, at(x));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});

Deno.test("returns: once its end is due, one that was hidden is found though a false detection was elsewhere", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(600));
  await rig.seeFor(19, 200);
  await rig.seeFor(1, 200, { detections: [person(standing(200, 400, 240))] });
  await rig.seeFor(4, 200);
  await rig.seeFor(3, 200, at(700));
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  rig.presence.stop();
});

Deno.test("returns: a single detection that is alike counts in a new thread, too", async () => {
  const before = new PresenceRig();
  await before.seeFor(4, 200, at(640));
  await before.seeFor(15, 200);
  await before.seeFor(1, 200, at(640));
  await before.seeFor(5, 200);
  const after = before.replaced(undefined, before.presence.open);
  await after.seeFor(19, 200);
  assert.deepEqual(after.reasons, []);
  await after.seeFor(2, 200);
  assert.deepEqual(after.reasons, ["left"]);
});

Deno.test("returns: who has come nearer while hidden goes on", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(600));
  await rig.seeFor(15, 200);
  await rig.seeFor(3, 200, { detections: [person(standing(700, 430, 275))] });
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});

Deno.test("returns: who comes nearer and is seen once delays the end", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(600));
  await rig.seeFor(15, 200);
  await rig.seeFor(1, 200, { detections: [person(standing(650, 430, 232))] });
  await rig.seeFor(20, 200);
  assert.deepEqual(rig.reasons, []);
  rig.presence.stop();
});

Deno.test("returns: who is found where they were has not come in over an edge", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(4, 200, at(460));
  await rig.seeFor(10, 200);
  // Seen weakly, and no one.
  await rig.seeFor(1, 200, { weak: [person(standing(45, 400), 0.3)] });
  await rig.seeFor(9, 200);
  for (const x of [455, 440, 420, 400]) await rig.seeFor(1, 200, at(x));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});

Deno.test("returns: at 1 Hz who is seen weakly far from there is not who walked out", async () => {
  const rig = new PresenceRig();
  for (const x of [560, 740, 920, 1100]) await rig.seeFor(1, 1000, at(x));
  await rig.seeFor(3, 1000);
  await rig.seeFor(1, 1000, { weak: [person(standing(600, 400), 0.3)] });
  for (const x of [760, 920]) await rig.seeFor(1, 1000, at(x));
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("returns: after an outage one of another size is not who is seen where they were", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(5, 200, at(900));
  await rig.pass(3200);
  const other = (x: number) => person(standing(x, 470, 290));
  await rig.seeFor(1, 200, { detections: [...at(905).detections, other(960)] });
  for (const x of [930, 900, 870]) await rig.seeFor(1, 200, { detections: [other(x)] });
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [2, 2]);
  rig.presence.stop();
});

Deno.test("returns: who was found again after an outage is not who came meanwhile", async () => {
  const rig = new PresenceRig();
  await walk(rig, 400, 520);
  await rig.pass(3600);
  // It went on, and another one of its size stands where it may have gone.
  const first = { ...at(880), weak: [person(standing(420, 400), 0.3)] };
  await rig.seeFor(1, 200, first);
  await rig.seeFor(1, 200, at(885));
  for (const x of [440, 450, 460]) await rig.seeFor(1, 200, at(x));
  await rig.seeFor(2, 200, at(460, 890));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [2, 2]);
  rig.presence.stop();
});

Deno.test("returns: who was on the way to the edge may come back there", async () => {
  const rig = new PresenceRig();
  await walk(rig, 700, 940);
  await rig.pass(3000);
  for (const x of [1240, 1225, 1210, 1195]) await rig.seeFor(1, 200, at(x));
  assert.deepEqual([rig.ledger.started, rig.presence.open.length], [1, 1]);
  rig.presence.stop();
});
