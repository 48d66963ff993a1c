import assert from "node:assert/strict";
import { LifecycleError } from "../../../src/core/errors.ts";
import { FrameBus, MAX_DETECTORS_PER_CAMERA } from "../../../src/framebus/bus.ts";
import { CountedFrame } from "../../support/streams/bus_frame.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import { assertCloses } from "../../support/streams/ledger.ts";

function camera(stallTimeoutMs = 10_000) {
  const clock = new HeldClock(0);
  const announced: string[] = [];
  const bus = new FrameBus<CountedFrame>({
    clock,
    stallTimeoutMs,
    announce: (detector, seq) => announced.push(`${detector}:${seq}`),
  });
  const send = () => {
    const frame = new CountedFrame(bus.ledger.received, clock.nowMs());
    bus.ledger.arrive();
    bus.cadence.beat(frame.arrivedAtMs);
    bus.distribute(frame);
    frame.release();
    return frame;
  };
  const take = (detector = "person") => bus.deliver(detector, (frame) => frame.seq);
  const detector = (name: string) => {
    const found = bus.account().detectors.find((each) => each.detector === name);
    assert.ok(found);
    return found;
  };
  return { clock, announced, bus, send, take, detector };
}

Deno.test("bus: the newest frame is the one delivered, and what it displaced is overwritten", () => {
  const { bus, announced, send, take, detector } = camera();
  bus.register({ detector: "person", rateHz: null, paused: false });
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

Deno.test("bus: what comes before a detector is due is dropped for its rate, not as overwritten", async () => {
  const { clock, bus, send, take, detector } = camera();
  bus.register({ detector: "person", rateHz: 5, paused: false });
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

Deno.test("bus: a frame that waits for its due time is announced when no fresh one comes", async () => {
  const { clock, announced, bus, send, take } = camera();
  bus.register({ detector: "person", rateHz: 1, paused: false });
  bus.start();
  send();
  assert.equal(take(), 0);
  await clock.pass(400);
  send();
  await clock.pass(599);
  assert.deepEqual(announced, ["person:0"]);
  await clock.pass(500);
  assert.deepEqual(announced, ["person:0", "person:1"]);
  assert.equal(take(), 1);
});

Deno.test("bus: a frame that is due is announced a little later when a camera falls silent", async () => {
  const { clock, announced, bus, send, take } = camera();
  bus.register({ detector: "person", rateHz: 5, paused: false });
  bus.start();
  for (let i = 0; i <= 12; i++) {
    send();
    take();
    await clock.pass(40);
  }
  assert.deepEqual(announced, ["person:0", "person:5", "person:10"]);
  assert.ok(clock.waitsMs.length <= 1, "frames that follow closely need no timers of their own");
  await clock.pass(600 - 13 * 40);
  assert.deepEqual(announced.length, 3, "due, but the next frame may only be late");
  await clock.pass(300);
  assert.deepEqual(announced.at(-1), "person:12");
  bus.stop();
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("bus: a detector that takes while frames lie unread waits until they were read", async () => {
  const { clock, bus, send, take } = camera();
  bus.register({ detector: "person", rateHz: 5, paused: false });
  bus.start();
  let woken = 0;
  let caughtUp = 0;
  let isBehind = false;
  bus.reader = {
    isBehind: () => isBehind,
    wake: () => void woken++,
    catchUp: () => {
      caughtUp++;
      return Promise.resolve();
    },
  };
  send();
  take();
  await clock.pass(40);
  for (let i = 0; i < 5; i++) {
    send();
    if (i < 4) await clock.pass(40);
  }
  assert.equal(bus.dueInMs(clock.nowMs()), 0, "announced");
  assert.equal(bus.dueNextInMs(clock.nowMs()), 200, "once that is taken");
  await clock.pass(100);
  assert.equal(bus.untilNewest("person"), null, "everything that came was read");
  isBehind = true;
  assert.ok(bus.untilNewest("person") instanceof Promise);
  assert.equal(bus.untilNewest("animal"), null, "nothing was announced to it");
  assert.equal(caughtUp, 1);
  take();
  assert.equal(bus.untilNewest("person"), null, "nothing is left to take");
  send();
  bus.update({ detector: "person", rateHz: null, paused: false });
  assert.ok(bus.untilNewest("person") instanceof Promise, "a newer one has come meanwhile");
  assert.equal(woken, 1, "a detector may be due earlier");
  bus.register({ detector: "animal", rateHz: null, paused: false });
  assert.equal(woken, 2);
});

Deno.test("bus: at its due time a detector waits for a fresh frame that is about to come", async () => {
  const { clock, announced, bus, send, take } = camera();
  bus.register({ detector: "person", rateHz: 1, paused: false });
  bus.start();
  for (let i = 0; i < 10; i++) {
    send();
    if (i === 0) take();
    await clock.pass(120);
  }
  // Due at 1000; the frame of 960 waits and is 40 old, the next comes at 1080: too far off to wait for.
  assert.equal(announced.at(-1), "person:8");
});

Deno.test("bus: a frame older than the stall time is never handed out", async () => {
  const { clock, bus, send, take, detector } = camera(1000);
  bus.register({ detector: "person", rateHz: null, paused: false });
  bus.start();
  const frame = send();
  await clock.pass(1001);
  assert.equal(take(), null);
  assert.equal(frame.freed, 1);
  assert.equal(detector("person").dropped.stale, 1);
  assertCloses(bus.account());
});

Deno.test("bus: a paused detector drops what waits and what comes, and goes on from the next frame", () => {
  const { bus, send, take, detector } = camera();
  bus.register({ detector: "person", rateHz: null, paused: false });
  bus.start();
  send();
  bus.update({ detector: "person", rateHz: null, paused: true });
  assert.equal(take(), null);
  send();
  assert.equal(bus.wanted, false);
  assert.equal(detector("person").dropped.paused, 2);
  bus.update({ detector: "person", rateHz: null, paused: false });
  send();
  assert.equal(take(), 2);
  assertCloses(bus.account());
});

Deno.test("bus: detectors of one camera do not touch one another", () => {
  const { bus, send, take, detector } = camera();
  bus.register({ detector: "fast", rateHz: null, paused: false });
  bus.register({ detector: "slow", rateHz: null, paused: false });
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

Deno.test("bus: a frame that cannot be converted is counted, freed, and the fault told", () => {
  const { bus, send, detector } = camera();
  bus.register({ detector: "person", rateHz: null, paused: false });
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

Deno.test("bus: a delivery tells how many frames were left out since the one before", () => {
  const { bus, send } = camera();
  const drops = () => bus.deliver("person", (_, dropsSinceLast) => dropsSinceLast);
  bus.register({ detector: "person", rateHz: null, paused: false });
  bus.start();
  send();
  assert.equal(drops(), 0);
  for (let i = 0; i < 3; i++) send();
  bus.ledger.arrive();
  bus.ledger.undecoded("asleep");
  assert.equal(drops(), 3, "two displaced and one not decoded");
});

Deno.test("bus: a frame that was decoded on the way to another is offered to no detector", () => {
  const { bus, announced, send, detector } = camera();
  const drops = () => bus.deliver("person", (_, dropsSinceLast) => dropsSinceLast);
  bus.register({ detector: "person", rateHz: null, paused: false });
  bus.register({ detector: "idle", rateHz: null, paused: true });
  bus.start();
  send();
  assert.equal(drops(), 0);
  for (let kept = 0; kept < 3; kept++) bus.ledger.arrive();
  for (let kept = 0; kept < 3; kept++) bus.ledger.buffered();
  for (let passed = 0; passed < 2; passed++) bus.passOver("buffered");
  assert.deepEqual(announced, ["person:0"]);
  assert.deepEqual([detector("person").decoded, detector("person").dropped.catchup], [3, 2]);
  assert.deepEqual([detector("idle").dropped.paused, detector("idle").dropped.catchup], [3, 0]);
  bus.ledger.corrupt("buffered");
  send();
  assert.equal(drops(), 2, "each was left out once, and one of them was damaged");
  assertCloses(bus.account());
});

Deno.test("bus: a detector may come and go while the camera runs, and its account closes", () => {
  const { bus, send, take } = camera();
  bus.start();
  send();
  bus.register({ detector: "late", rateHz: null, paused: false });
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

Deno.test("bus: stopping frees what waits, and nothing can be distributed after it", () => {
  const { clock, bus, send, detector } = camera();
  bus.register({ detector: "person", rateHz: 1, paused: false });
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
  const { bus, clock } = camera();
  assert.throws(() => bus.distribute(new CountedFrame(0, clock.nowMs())), /is created/);
  bus.register({ detector: "person", rateHz: null, paused: false });
  assert.throws(
    () => bus.register({ detector: "person", rateHz: null, paused: false }),
    /registered already/,
  );
  bus.start();
  assert.throws(() => bus.start(), /is started/);
  assert.throws(() => bus.unregister("dog"), /no detector "dog"/);
  for (let i = 1; i < MAX_DETECTORS_PER_CAMERA; i++) {
    bus.register({ detector: `d${i}`, rateHz: null, paused: false });
  }
  assert.throws(
    () => bus.register({ detector: "more", rateHz: null, paused: false }),
    LifecycleError,
  );
  bus.stop();
  assert.throws(
    () => bus.register({ detector: "later", rateHz: null, paused: false }),
    /is stopped/,
  );
});
