import assert from "node:assert/strict";
import { epochMs } from "../../../src/core/clock.ts";
import { person, plan, PresenceRig, standing } from "../../support/presence/rig.ts";

const SOMEONE = { detections: [person(standing(600, 400))] };
const WEAKLY = { weak: [person(standing(600, 400), 0.3)] };

Deno.test("stays: one starts when its track is seen in two of the newest three frames", async () => {
  const rig = new PresenceRig();
  const beganAt = rig.clock.wallMs();
  const [first] = rig.see(SOMEONE) ?? [];
  assert.match(first?.track ?? "", /^[0-9a-z]{8}-1$/);
  await rig.seeFor(1, 200);
  assert.equal(rig.ledger.started, 0);
  await rig.seeFor(1, 200, SOMEONE);
  const [stay] = rig.ledger.of("start");
  assert.equal(stay?.track, first?.track);
  assert.equal(stay?.class, "person");
  assert.deepEqual(stay?.startedAtMs, beganAt);
  assert.deepEqual(stay?.seenAtMs, rig.clock.wallMs());
  assert.equal(stay?.endedAtMs, null);
  assert.deepEqual(rig.presence.open, [stay]);
  rig.presence.stop();
});

Deno.test("stays: none starts when the frames with it are too far apart", async () => {
  const rig = new PresenceRig();
  for (let round = 0; round < 4; round++) {
    await rig.seeFor(1, 200, SOMEONE);
    await rig.seeFor(2, 200);
  }
  assert.equal(rig.ledger.started, 0);
  assert.deepEqual(rig.clock.waitsMs, [], "no timer without a stay");
});

Deno.test("stays: weak detections keep a stay, and start none", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(1, 200, SOMEONE);
  await rig.seeFor(3, 200, WEAKLY);
  assert.equal(rig.ledger.started, 0);
  await rig.seeFor(2, 200, SOMEONE);
  assert.equal(rig.ledger.started, 1);
  await rig.seeFor(40, 200, WEAKLY);
  assert.equal(rig.presence.open.length, 1);
  assert.deepEqual(rig.presence.open[0]?.seenAtMs, rig.clock.wallMs());
  rig.presence.stop();
});

Deno.test("stays: one ends when frames have been without it for five seconds", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  const seenAt = rig.clock.wallMs();
  await rig.seeFor(24, 200);
  assert.deepEqual(rig.reasons, []);
  await rig.seeFor(1, 200);
  assert.deepEqual(rig.reasons, ["left"]);
  const [end] = rig.ledger.of("end");
  assert.deepEqual([end?.seenAtMs, end?.endedAtMs], [seenAt, seenAt]);
  // What comes back is another one, on another track.
  await rig.seeFor(2, 200, SOMEONE);
  const [first, second] = rig.ledger.of("start");
  assert.notEqual(second?.id, first?.id);
  assert.notEqual(second?.track, first?.track);
  rig.presence.stop();
});

Deno.test("stays: one that is seen again in time goes on", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(23, 200);
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(24, 200);
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  rig.presence.stop();
});

Deno.test("stays: after a while without it a single detection is no return", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  const seenAt = rig.clock.wallMs();
  await rig.seeFor(10, 200);
  // A little larger.
  await rig.seeFor(1, 200, { detections: [person(standing(600, 400, 240))] });
  await rig.seeFor(14, 200);
  assert.deepEqual(rig.reasons, ["left"]);
  assert.deepEqual(rig.ledger.of("end")[0]?.seenAtMs, seenAt);
});

Deno.test("stays: a single detection as high and as far down as it was delays the end, once", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(10, 200);
  await rig.seeFor(1, 200, SOMEONE);
  const seenAt = rig.clock.wallMs();
  await rig.seeFor(20, 200);
  await rig.seeFor(1, 200, SOMEONE);
  await rig.seeFor(3, 200);
  assert.deepEqual(rig.reasons, []);
  await rig.seeFor(1, 200);
  assert.deepEqual(rig.reasons, ["left"]);
  assert.deepEqual(rig.ledger.of("end")[0]?.seenAtMs, seenAt);
});

Deno.test("stays: at a slow rate two frames without it end a stay, and one does not", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 10_000, SOMEONE);
  assert.equal(rig.ledger.started, 1);
  await rig.seeFor(1, 10_000);
  await rig.seeFor(1, 10_000, SOMEONE);
  await rig.seeFor(1, 10_000);
  assert.deepEqual(rig.reasons, []);
  await rig.seeFor(1, 10_000);
  assert.deepEqual(rig.reasons, ["left"]);
});

Deno.test("stays: while no frame is inferred none has left, also when a worker is replaced", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.pass(20_000);
  assert.deepEqual(rig.reasons, []);
  // The first frame misses it, and the next two confirm that it is back.
  await rig.seeFor(1, 200);
  await rig.seeFor(2, 200, SOMEONE);
  assert.deepEqual([rig.ledger.started, rig.reasons], [1, []]);
  // And when it has left meanwhile, half the time is enough.
  await rig.pass(20_000);
  await rig.seeFor(13, 200);
  assert.deepEqual(rig.reasons, []);
  await rig.seeFor(1, 200);
  assert.deepEqual(rig.reasons, ["left"]);
});

Deno.test("stays: without an inference for 30 s while the camera is online the detector is lost", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.pass(29_999);
  assert.deepEqual(rig.reasons, []);
  await rig.pass(1);
  assert.deepEqual(rig.reasons, ["detector_lost"]);
  assert.deepEqual(rig.clock.waitsMs, []);
});

Deno.test("stays: while inferences go on the one timer is set anew, and ends nothing", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(600, 200, SOMEONE);
  assert.equal(rig.clock.waitsMs.length, 1);
  assert.deepEqual(rig.reasons, []);
  rig.presence.stop();
  assert.deepEqual(rig.clock.waitsMs, []);
});

Deno.test("stays: a camera without pictures for five seconds ends them", async () => {
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

Deno.test("stays: a reconnect within five seconds ends none", async () => {
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

Deno.test("stays: a stall counts from the newest picture, unless the rate is too slow to know it", async () => {
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

Deno.test("stays: a camera that sends nothing ends them before it counts as stalled", async () => {
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

Deno.test("stays: with a long end the last frame counts, not the stall; a slow camera has pauses of its own", async () => {
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

Deno.test("stays: a camera that is online for moments only does not delay the end for ever", async () => {
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

Deno.test("stays: a stop ends all, and the ledger balances", async () => {
  const rig = new PresenceRig();
  const two = { detections: [person(standing(300, 400)), person(standing(900, 400))] };
  await rig.seeFor(2, 200, two);
  rig.presence.stop();
  assert.deepEqual(rig.reasons, ["shutdown", "shutdown"]);
  assert.deepEqual(rig.presence.open, []);
  assert.deepEqual(rig.clock.waitsMs, []);
  assert.equal(rig.ledger.occupancy("all").at(-1)?.occupied, false);
});

Deno.test("stays: a frame that comes late moves nothing back", async () => {
  const rig = new PresenceRig();
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(1, 200, { detections: [person(standing(640, 400))] });
  const [before] = rig.presence.open;
  rig.see({ detections: [person(standing(620, 400))], agoMs: 100 });
  assert.deepEqual(rig.presence.open, [before]);
  rig.presence.stop();
});

Deno.test("stays: a detector or a camera without presence has no placements", () => {
  const rig = new PresenceRig();
  assert.equal(rig.see({ ...SOMEONE, detector: "car" }), null);
  assert.equal(rig.see({ ...SOMEONE, camera: "yard" }), null);
  assert.deepEqual(rig.see(), []);
  assert.deepEqual(rig.ledger.events.map(({ kind }) => kind), ["occupancy"]);
});

Deno.test("stays: updates keep their distance, and say that something changed", async () => {
  const rig = new PresenceRig(plan({ settings: { updateSeconds: 2 } }));
  await rig.seeFor(2, 200, SOMEONE);
  await rig.seeFor(50, 200, SOMEONE);
  assert.equal(rig.ledger.of("update").length, 0, "nothing changes");
  for (let step = 0; step < 50; step++) {
    await rig.seeFor(1, 200, { detections: [person(standing(600 + 8 * step, 400))] });
  }
  const times = rig.ledger.of("update").map(({ seenAtMs }) => epochMs(seenAtMs));
  assert.equal(times.length, 5);
  times.slice(1).forEach((time, index) => assert.equal(time - (times[index] ?? 0), 2000));
  rig.presence.stop();
});

Deno.test("stays: with updateSeconds 0 there are no updates", async () => {
  const rig = new PresenceRig();
  for (let step = 0; step < 50; step++) {
    await rig.seeFor(1, 200, { detections: [person(standing(600 + 8 * step, 400))] });
  }
  assert.deepEqual(rig.ledger.of("update"), []);
  rig.presence.stop();
});

Deno.test("stays: what was seen once before the camera was lost counts for no start after it", async () => {
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
