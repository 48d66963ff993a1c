import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import { MAX_AGE_MS, MAX_IN_FLIGHT } from "../../../src/mqtt/inferences.ts";
import { settle } from "../../support/clocks/held_clock.ts";
import { failure, rig } from "./publisher_rig.ts";

Deno.test("publisher: says everything retained first, with every connection", () => {
  const { link, publisher, see } = rig();
  see(1);
  publisher.health({ schema: "orion.health/1" });
  publisher.camera({
    camera: "gate",
    state: "online",
    sinceMs: wallMs(0),
    reason: null,
    reconnects: 0,
  });
  link.connect();
  const first = ["status", "cameras/gate/status", "health"];
  assert.deepEqual(link.topics(), [...first, "inferences/gate/person"]);
  assert.ok(link.sent.slice(0, 3).every(({ message }) => message.retain && message.qos === 1));
  link.lose();
  link.connect();
  assert.deepEqual(link.topics(), first);
});

Deno.test("publisher: the last will is what a stop would say, under the same topic", () => {
  const { link } = rig();
  const will = link.plan.will();
  assert.ok(will);
  assert.equal(will.topic, "orion/lobby-1/status");
  assert.ok(will.retain && will.qos === 1 && will.payload.includes('"state":"offline"'));
  assert.equal(link.plan.clientId, "orion-lobby-1", "always the same: see SessionOptions.clientId");
});

Deno.test("publisher: old inferences are not sent after a reconnect", async () => {
  const { clock, discarded, link, see } = rig();
  see(1, "gate");
  await clock.pass(MAX_AGE_MS);
  see(2, "yard");
  await clock.pass(1);
  link.connect();
  assert.deepEqual(link.topics(), ["status", "inferences/yard/person"]);
  assert.deepEqual(discarded(), ["stale"]);
});

for (const stepMs of [3_600_000, -3_600_000]) {
  Deno.test(`publisher: what waits is no older for a step of the wall clock by ${stepMs} ms`, async () => {
    const { clock, discarded, link, posted, see } = rig();
    see(1);
    clock.stepWall(stepMs);
    await clock.pass(1_000);
    link.connect();
    assert.deepEqual(discarded(), []);
    const totals = posted.flatMap((each) => each.kind === "emitted" ? [each.totalMs] : []);
    assert.deepEqual(totals, [1_000]);
  });
}

Deno.test("publisher: no more than a bounded number of cameras and detectors waits", () => {
  const max = 20;
  const { discarded, see } = rig({ plan: { outbox: { policy: "latest", max } } });
  for (let each = 0; each < max + 3; each++) see(each, `camera-${each}`);
  assert.deepEqual(discarded(), ["full", "full", "full"]);
});

Deno.test("publisher: a broker that does not keep up gets the newest, not the backlog", () => {
  const { discarded, link, see } = rig({ answersAtOnce: false });
  link.connect();
  for (let seq = 0; seq < MAX_IN_FLIGHT + 10; seq++) see(seq);
  const inferences = () => link.sent.filter(({ message }) => !message.retain);
  assert.equal(inferences().length, MAX_IN_FLIGHT);
  assert.equal(discarded().length, 9, "all but the newest of those that waited");
  inferences()[0]?.settled(null);
  assert.equal(inferences().length, MAX_IN_FLIGHT + 1);
  const last = inferences().at(-1)?.message.payload ?? "";
  assert.ok(last.includes(`"seq":${MAX_IN_FLIGHT + 9},`), last);
});

Deno.test("publisher: what was on its way when the connection broke is counted as lost", () => {
  const { discarded, link, posted, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  see(2);
  link.lose();
  assert.deepEqual(discarded(), ["connection-lost", "connection-lost"]);
  assert.equal(posted.filter((each) => each.kind === "emitted").length, 2);
  link.connect();
  assert.deepEqual(link.topics(), ["status"], "the status is said again, the inferences are not");
});

Deno.test("publisher: a topic that the broker refuses is told, counted and not tried for ever", () => {
  const { discarded, link, logged, publisher } = rig({ answersAtOnce: false });
  link.connect();
  publisher.health({ schema: "orion.health/1" });
  link.sent.at(-1)?.settled(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(discarded(), ["refused"]);
  assert.deepEqual(link.topics(), ["status", "health"]);
  link.sent[0]?.settled(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(logged.map(({ event }) => event), ["mqtt.refused"], "once");
});

Deno.test("publisher: of a retained topic one message is on its way and one waits at most", () => {
  const { discarded, link, publisher } = rig({ answersAtOnce: false });
  link.connect();
  for (const number of [1, 2, 3, 4]) publisher.health({ schema: "orion.health/1", number });
  assert.deepEqual(link.topics(), ["status", "health"]);
  assert.deepEqual(discarded(), ["superseded", "superseded"]);
  link.sent[1]?.settled(null);
  assert.deepEqual(link.topics(), ["status", "health", "health"]);
  assert.ok(link.sent[2]?.message.payload.includes('"number":4'));
});

Deno.test("publisher: totalMs ends where the message is handed over, waiting included", async () => {
  const { clock, link, posted, see } = rig();
  see(1);
  await clock.pass(1_500);
  link.connect();
  const emitted = posted.find((each) => each.kind === "emitted");
  assert.ok(emitted?.kind === "emitted" && emitted.totalMs === 1_500);
  assert.ok(link.sent.some(({ message }) => message.payload.includes('"totalMs":1500')));
});

Deno.test("publisher: a stop sends what is on its way, says offline, and leaves in order", async () => {
  const { discarded, link, publisher, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  const stopping = publisher.stop();
  see(2);
  assert.deepEqual(discarded(), ["shutdown"]);
  link.sent.at(-1)?.settled(null);
  await settle();
  const offline = link.sent.at(-1);
  assert.ok(offline?.message.retain && offline.message.payload.includes('"state":"offline"'));
  offline.settled(null);
  await stopping;
  await publisher.stop();
  assert.deepEqual(link.closed, [true]);
});

Deno.test("publisher: when offline is not acknowledged the last will is left to say it", async () => {
  const { clock, link, publisher, see } = rig({ answersAtOnce: false });
  link.connect();
  see(1);
  const stopping = publisher.stop();
  await clock.pass(1_500);
  await stopping;
  assert.deepEqual(link.closed, [false]);
});

Deno.test("publisher: a stop without a broker waits for nothing and counts what waited", async () => {
  const { clock, discarded, link, publisher, see } = rig();
  see(1);
  await publisher.stop();
  assert.deepEqual(discarded(), ["shutdown"]);
  assert.deepEqual([link.closed, clock.waitsMs], [[false], []]);
});

Deno.test("publisher: what waited goes out after the subscription is answered, not before", () => {
  const { link, see } = rig();
  see(1);
  link.grants = false;
  link.connect();
  see(2, "yard");
  assert.deepEqual(link.topics(), ["status"]);
  assert.deepEqual(link.subscribed.map(({ filter }) => filter), ["orion/lobby-1/control"]);
  link.subscribed[0]?.settled(null);
  const waited = ["inferences/gate/person", "inferences/yard/person"];
  assert.deepEqual(link.topics(), ["status", ...waited]);
});

Deno.test("publisher: a subscription that is refused keeps nothing back", () => {
  const { link, see } = rig();
  see(1);
  link.grants = false;
  link.connect();
  link.subscribed[0]?.settled(failure("BROKER_REFUSED_SUBSCRIPTION"));
  assert.deepEqual(link.topics(), ["status", "inferences/gate/person"]);
});

Deno.test("publisher: with a queue, what was on its way is sent again first, as it was", async () => {
  const outbox = { policy: "queue", max: 100 } as const;
  const { clock, discarded, link, posted, see } = rig({ answersAtOnce: false, plan: { outbox } });
  link.connect();
  for (const seq of [1, 2, 3]) see(seq);
  const before = link.sent.filter(({ message }) => !message.retain).map((each) => each.message);
  link.sent.find(({ message }) => message.payload.includes('"seq":1,'))?.settled(null);
  link.sent.splice(1, 1);
  link.lose();
  await clock.pass(MAX_AGE_MS * 2);
  see(4);
  link.connect();
  const after = link.sent.filter(({ message }) => !message.retain).map((each) => each.message);
  assert.deepEqual(after.slice(0, 2), before.slice(1), "the same messages, the same times in them");
  assert.ok(after.length === 3 && after[2]?.payload.includes('"seq":4,'));
  assert.deepEqual(discarded(), []);
  assert.equal(posted.filter((each) => each.kind === "emitted").length, 4, "each told once");
});
