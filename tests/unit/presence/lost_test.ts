/** The end of stays while nothing is inferred: a lost camera, a lost detector. */
import assert from "node:assert/strict";
import { person, plan, PresenceRig, standing } from "../../support/presence/rig.ts";

const SOMEONE = { detections: [person(standing(600, 400))] };

Deno.test("lost: without an inference for 30 s while the camera is online the detector is lost", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.pass(29_999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["detector_lost"]);
  assert.deepEqual(rig.clock.waitsMs, []);
});

Deno.test("lost: while inferences go on the one timer is set anew, and ends nothing", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(600, 200, SOMEONE);
  assert.equal(rig.clock.waitsMs.length, 1);
  assert.deepEqual(rig.reasons, []);
  rig.presence.stop();
  assert.deepEqual(rig.clock.waitsMs, []);
});

Deno.test("lost: a camera without pictures for five seconds ends them", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  const seenAt = rig.clock.wallMs();
  await rig.pass(100);
  rig.state("connecting");
  await rig.pass(1000);
  rig.state("offline");
  rig.state("connecting");
  await rig.pass(3999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["camera_lost"]);
  assert.deepEqual(rig.ledger.of("end")[0]?.endedAtMs, seenAt);
  rig.state("online");
  await rig.seeFor(2, 200, SOMEONE);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("lost: a reconnect within five seconds ends none", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  for (let round = 0; round < 5; round++) {
    rig.state("connecting");
    await rig.pass(4900);
    rig.state("online");
    await rig.seeFor(round === 2 ? 1 : 0, 200);
  }
  await rig.seeFor(1, 200, SOMEONE);
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  rig.presence.stop();
});

Deno.test("lost: a stall counts from the newest picture, unless the rate is too slow to know it", async () => {
  const fast = new PresenceRig();
  await fast.seeFor(2, 200, SOMEONE);
  await fast.pass(10_000);
  fast.state("stalled");
  assert.deepEqual(fast.reasons, ["camera_lost"]);
  const slow = new PresenceRig();
  await slow.seeFor(2, 8000, SOMEONE);
  await slow.pass(7000);
  slow.state("stalled");
  await slow.pass(4999);
  assert.deepEqual(slow.reasons, []);
  await slow.pass(1);
  assert.deepEqual(slow.reasons, ["camera_lost"]);
});

Deno.test("lost: a camera that sends nothing ends them before it counts as stalled", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.pass(1000);
  rig.silence(1000);
  await rig.pass(3500);
  rig.silence(null);
  await rig.seeFor(2, 200, SOMEONE);
  assert.deepEqual(rig.reasons, [], "it went on in time");
  await rig.pass(1000);
  rig.silence(1000);
  await rig.pass(3999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["camera_lost"]);
  rig.state("stalled");
  rig.state("connecting");
  rig.state("online");
  rig.silence(null);
  await rig.seeFor(2, 200, SOMEONE);
  assert.equal(rig.ledger.started, 2);
  rig.presence.stop();
});

Deno.test("lost: with a long end the last frame counts, not the stall; a slow camera has pauses of its own", async () => {
  const rig = new PresenceRig(plan({ settings: { endSeconds: 30 } }));
  await rig.seeFor(2, 200, SOMEONE);
  await rig.pass(1000);
  rig.silence(1000);
  await rig.pass(9000);
  rig.state("stalled");
  rig.state("connecting");
  await rig.pass(19_999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["camera_lost"]);
  const slow = new PresenceRig();
  await slow.seeFor(2, 4000, SOMEONE);
  await slow.pass(2000);
  slow.silence(2000);
  await slow.pass(4000);
  slow.silence(null);
  await slow.seeFor(1, 0, SOMEONE);
  assert.deepEqual(slow.reasons, []);
  slow.presence.stop();
});

Deno.test("lost: a stay that late results start while the camera is silent ends in time, too", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(26, 200);
  assert.deepEqual(rig.reasons, ["left"]);
  await rig.pass(1500);
  rig.silence(1000);
  rig.see({ ...SOMEONE, agoMs: 1200 });
  rig.see({ ...SOMEONE, agoMs: 1000 });
  assert.equal(rig.ledger.started, 2);
  await rig.pass(3999);
  assert.deepEqual(rig.reasons, ["left"]);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["left", "camera_lost"]);
});

Deno.test("lost: a new thread does not take the pauses of a slow camera for a loss", async () => {
  const before = new PresenceRig();
  await before.seeFor(2, 8000, SOMEONE);
  const rig = before.replaced();
  await rig.pass(1000);
  rig.silence(1000);
  await rig.pass(7000);
  rig.silence(null);
  await rig.seeFor(1, 0, SOMEONE);
  await rig.pass(1000);
  rig.silence(1000);
  await rig.pass(7000);
  rig.silence(null);
  await rig.seeFor(1, 0, SOMEONE);
  assert.deepEqual(rig.reasons, []);
  rig.presence.stop();
});

Deno.test("lost: a new thread ends a stay when the one before would have", async () => {
  const before = new PresenceRig();
  await before.seeFor(3, 200, SOMEONE);
  const open = before.presence.open;
  await before.pass(1000);
  before.silence(1000);
  await before.pass(2000);
  const rig = before.replaced(plan(), open);
  rig.silence(3000);
  await rig.pass(1000);
  rig.state("stalled");
  await rig.pass(999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["camera_lost"], "5 s after the last frame");
  rig.presence.stop();
});

Deno.test("lost: a camera that is online for moments only does not delay the end for ever", async () => {
  const rig = new PresenceRig(plan({ settings: { endSeconds: 60 } }));
  await rig.seeFor(2, 200, SOMEONE);
  for (let round = 0; round < 15; round++) {
    assert.deepEqual(rig.reasons, []);
    rig.state("connecting");
    await rig.pass(40_000);
    rig.state("online");
    await rig.pass(2000);
  }
  assert.deepEqual(rig.reasons, ["detector_lost"]);
});

Deno.test("lost: what was seen once before the camera was lost counts for no start after it", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(1, 1000, { detections: [person(standing(300, 400))] });
  rig.state("connecting");
  await rig.pass(9000);
  rig.state("online");
  await rig.seeFor(1, 1000, { detections: [person(standing(300, 400))] });
  assert.equal(rig.ledger.started, 0);
  await rig.seeFor(1, 1000, { detections: [person(standing(300, 400))] });
  assert.equal(rig.ledger.started, 1);
  rig.presence.stop();
});
