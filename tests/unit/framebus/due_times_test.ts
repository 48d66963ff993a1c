/** When the bus announces frames. */
import assert from "node:assert/strict";
import { busRig } from "../../support/streams/bus_rig.ts";

Deno.test("bus: a frame that waits for its due time is announced when no newer one arrives", async () => {
  const { clock, announced, bus, send, take } = busRig();
  bus.register({ detector: "person", rateHz: 1, paused: false, pictures: false });
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

Deno.test("bus: when a camera stalls a fallback timer announces the frame that is due", async () => {
  const { clock, announced, bus, send, take } = busRig();
  bus.register({ detector: "person", rateHz: 5, paused: false, pictures: false });
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

Deno.test("bus: when a detector is due next is known before it takes the announced frame", async () => {
  const { clock, bus, send, take } = busRig();
  bus.register({ detector: "person", rateHz: 5, paused: false, pictures: false });
  bus.start();
  send();
  take();
  await clock.pass(40);
  for (let i = 0; i < 5; i++) {
    send();
    if (i < 4) await clock.pass(40);
  }
  assert.equal(bus.dueInMs(clock.nowMs()), 0, "announced");
  assert.equal(bus.dueNextInMs(clock.nowMs()), 200, "once that is taken");
});

Deno.test("bus: a rate that changes while a frame waits for its worker counts from its delivery", async () => {
  for (const [rateHz, dueInMs] of [[0.1, 10_000], [1, 1000], [30, 1000 / 30], [null, 0]] as const) {
    for (const back of [false, true]) {
      const { clock, bus, send, take } = busRig();
      const of = { detector: "person", paused: false, pictures: false };
      bus.register({ ...of, rateHz: 5 });
      bus.start();
      send();
      take();
      await clock.pass(200);
      send();
      await clock.pass(10);
      bus.update({ ...of, rateHz });
      assert.equal(take(), 1);
      if (back) bus.update({ ...of, rateHz: 5 });
      // Ten milliseconds are those that it waited.
      const expectedMs = (back ? rateHz === null ? 10 : 200 : dueInMs) - 10;
      assert.ok(Math.abs(bus.dueInMs(clock.nowMs()) - Math.max(0, expectedMs)) < 1, `${rateHz}`);
    }
  }
});

Deno.test("bus: a detector that may be due earlier than expected is a change of demand", () => {
  const { bus, send, demandChanges } = busRig();
  bus.register({ detector: "person", rateHz: 5, paused: false, pictures: false });
  bus.start();
  assert.equal(demandChanges(), 1);
  send();
  bus.update({ detector: "person", rateHz: null, paused: false, pictures: false });
  assert.equal(demandChanges(), 2, "its rate was raised");
  bus.register({ detector: "animal", rateHz: null, paused: false, pictures: false });
  assert.equal(demandChanges(), 3, "it was added");
});

Deno.test("bus: at the due time a waiting frame is held back for one that lies unread", async () => {
  const { clock, announced, stream, bus, send, take } = busRig();
  bus.register({ detector: "person", rateHz: 1, paused: false, pictures: false });
  bus.start();
  for (let i = 0; i < 5; i++) {
    send();
    if (i === 0) take();
    await clock.pass(150);
  }
  stream.behind = true;
  await clock.pass(250 + 149);
  assert.deepEqual(announced, ["person:0"], "due at 1000, and one interval later at the latest");
  await clock.pass(1);
  assert.deepEqual(announced, ["person:0", "person:4"]);
});

Deno.test("bus: at the due time a waiting frame is held back for a newer one that is expected soon", async () => {
  const { clock, announced, bus, send, take } = busRig();
  bus.register({ detector: "person", rateHz: 1, paused: false, pictures: false });
  bus.start();
  for (let i = 0; i < 10; i++) {
    send();
    if (i === 0) take();
    await clock.pass(120);
  }
  // Due at 1000; the frame of 960 waits and is 40 old, the next comes at 1080: too far off to wait for.
  assert.equal(announced.at(-1), "person:8");
});
