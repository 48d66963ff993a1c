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
  const [{ motion, ...open } = {}] = rig.presence.open;
  assert.deepEqual({ ...open, motion: { ...motion, gapMs: 0 } }, stay);
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
  // A little larger than one who has come nearer.
  await rig.seeFor(1, 200, { detections: [person(standing(600, 400, 258))] });
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
