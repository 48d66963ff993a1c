import assert from "node:assert/strict";
import { LifecycleError } from "../../../src/core/errors.ts";
import { MAX_DETECTORS_PER_CAMERA } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { busRig } from "../../support/streams/bus_rig.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

Deno.test("bus: the newest frame is delivered, and the frames it displaced count as overwritten", () => {
  const { bus, announced, send, take, detector } = busRig();
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.start();
  const frames = [send(), send(), send()];
  assert.deepEqual(announced, ["person:0"], "announced once, when it went from empty to full");
  assert.equal(take(), 2);
  assert.equal(take(), null);
  assert.deepEqual(frames.map(({ freed }) => freed), [1, 1, 1]);
  assert.equal(detector("person").dropped.overwritten, 2);
  assert.equal(detector("person").processed, 1);
  assertCloses(bus.account());
});

Deno.test("bus: a frame that arrives before a detector is due counts as rate, not as overwritten", async () => {
  const { clock, bus, send, take, detector } = busRig();
  bus.register({ detector: "person", rateHz: 5, paused: false, pictures: false });
  bus.start();
  const taken: (number | null)[] = [];
  for (let i = 0; i < 50; i++) {
    send();
    const seq = take();
    if (seq !== null) taken.push(seq);
    await clock.pass(40);
  }
  assert.deepEqual(taken, [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]);
  assert.equal(detector("person").dropped.rate, 39, "the last four: three displaced, one waiting");
  assert.equal(detector("person").dropped.overwritten, 0);
  assertCloses(bus.account());
});

Deno.test("bus: a frame older than the stall timeout is never delivered", async () => {
  const { clock, bus, send, take, detector } = busRig(1000);
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.start();
  const frame = send();
  await clock.pass(1001);
  assert.equal(take(), null);
  assert.equal(frame.freed, 1);
  assert.equal(detector("person").dropped.stale, 1);
  assertCloses(bus.account());
});

Deno.test("bus: a paused detector drops waiting and new frames, and resumes with the next one", () => {
  const { bus, send, take, detector } = busRig();
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.start();
  send();
  bus.update({ detector: "person", rateHz: null, paused: true, pictures: false });
  assert.equal(take(), null);
  send();
  assert.equal(bus.isWanted, false);
  assert.equal(detector("person").dropped.paused, 2);
  bus.update({ detector: "person", rateHz: null, paused: false, pictures: false });
  send();
  assert.equal(take(), 2);
  assertCloses(bus.account());
});

Deno.test("bus: detectors of one camera are independent of one another", () => {
  const { bus, send, take, detector } = busRig();
  bus.register({ detector: "fast", rateHz: null, paused: false, pictures: false });
  bus.register({ detector: "slow", rateHz: null, paused: false, pictures: false });
  bus.start();
  const frames: CountedFrame[] = [];
  for (let i = 0; i < 10; i++) {
    frames.push(send());
    assert.equal(take("fast"), i);
  }
  assert.equal(take("slow"), 9);
  assert.equal(detector("fast").processed, 10);
  assert.equal(detector("slow").dropped.overwritten, 9);
  assert.ok(frames.every(({ freed }) => freed === 1));
  assertCloses(bus.account());
});

Deno.test("bus: a frame that cannot be converted is counted and freed, and the error is thrown", () => {
  const { bus, send, detector } = busRig();
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.start();
  const frame = send();
  const fault = new Error("no such pixel format");
  assert.throws(() =>
    bus.deliver("person", () => {
      throw fault;
    }), fault);
  assert.equal(frame.freed, 1);
  assert.equal(detector("person").dropped.unconvertible, 1);
  assertCloses(bus.account());
});

Deno.test("bus: a delivery says how many frames were skipped or dropped since the last one", () => {
  const { bus, ledger, send } = busRig();
  const drops = () => bus.deliver("person", (_, dropsSinceLast) => dropsSinceLast);
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.start();
  send();
  assert.equal(drops(), 0);
  for (let i = 0; i < 3; i++) send();
  ledger.arrive();
  ledger.undecoded("asleep");
  assert.equal(drops(), 3, "two displaced and one not decoded");
});

Deno.test("bus: a frame that a catch-up decodes for a later one is offered to no detector", () => {
  const { bus, ledger, announced, send, detector } = busRig();
  const drops = () => bus.deliver("person", (_, dropsSinceLast) => dropsSinceLast);
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  bus.register({ detector: "idle", rateHz: null, paused: true, pictures: false });
  bus.start();
  send();
  assert.equal(drops(), 0);
  for (let count = 0; count < 3; count++) ledger.arrive();
  for (let count = 0; count < 3; count++) ledger.buffered();
  for (let count = 0; count < 2; count++) bus.countCatchUp("buffered");
  assert.deepEqual(announced, ["person:0"]);
  assert.deepEqual([detector("person").decoded, detector("person").dropped.catchup], [3, 2]);
  assert.deepEqual([detector("idle").dropped.paused, detector("idle").dropped.catchup], [3, 0]);
  ledger.corrupt("buffered");
  send();
  assert.equal(drops(), 2, "each was skipped once, and one of them was corrupt");
  assertCloses(bus.account());
});

Deno.test("bus: a detector may be added and removed while the camera runs, and its account closes", () => {
  const { bus, send, take } = busRig();
  bus.start();
  send();
  bus.register({ detector: "late", rateHz: null, paused: false, pictures: false });
  send();
  assert.equal(take("late"), 1);
  send();
  const account = bus.unregister("late");
  assert.deepEqual(
    [account.decoded, account.processed, account.dropped.shutdown, account.waiting],
    [2, 1, 1, 0],
  );
  assert.equal(take("late"), null);
  send();
  assertCloses(bus.account());
});

Deno.test("bus: stopping frees the waiting frames, and nothing can be distributed afterwards", () => {
  const { clock, bus, send, detector } = busRig();
  bus.register({ detector: "person", rateHz: 1, paused: false, pictures: false });
  bus.start();
  const frames = [send(), send()];
  bus.stop();
  bus.stop();
  assert.deepEqual(frames.map(({ freed }) => freed), [1, 1]);
  assert.equal(detector("person").dropped.shutdown, 1);
  assert.deepEqual(clock.waitsMs, [], "no timer is left");
  assert.throws(() => bus.distribute(new CountedFrame(9, clock.nowMs())), LifecycleError);
  assertCloses(bus.account());
});

Deno.test("bus: calls that its state does not allow are refused", () => {
  const { bus, clock } = busRig();
  assert.throws(() => bus.distribute(new CountedFrame(0, clock.nowMs())), /is created/);
  bus.register({ detector: "person", rateHz: null, paused: false, pictures: false });
  assert.throws(
    () => bus.register({ detector: "person", rateHz: null, paused: false, pictures: false }),
    /registered already/,
  );
  bus.start();
  assert.throws(() => bus.start(), /is started/);
  assert.throws(() => bus.unregister("dog"), /no detector "dog"/);
  for (let i = 1; i < MAX_DETECTORS_PER_CAMERA; i++) {
    bus.register({ detector: `d${i}`, rateHz: null, paused: false, pictures: false });
  }
  assert.throws(
    () => bus.register({ detector: "more", rateHz: null, paused: false, pictures: false }),
    LifecycleError,
  );
  bus.stop();
  assert.throws(
    () => bus.register({ detector: "later", rateHz: null, paused: false, pictures: false }),
    /is stopped/,
  );
});
