import assert from "node:assert/strict";
import { wallMs } from "../../../src/core/clock.ts";
import { MAX_AGE_MS, MAX_INFLIGHT } from "../../../src/mqtt/inference_queue.ts";
import type { OutgoingMessage } from "../../../src/mqtt/session.ts";
import { settle } from "../../support/clocks/held_clock.ts";
import { failure, rig } from "./publisher_rig.ts";

Deno.test("publisher: publishes all retained messages first, with every connection", () => {
  const { link, publisher, infer } = rig();
  infer(1);
  publisher.publishHealth({ schema: "orion.health/1" });
  publisher.publishCamera({
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
  link.disconnect();
  link.connect();
  assert.deepEqual(link.topics(), first);
});

Deno.test("publisher: the will is the message of a stop, with the same topic", () => {
  const { link } = rig();
  const will = link.plan.will();
  assert.ok(will);
  assert.equal(will.topic, "orion/lobby-1/status");
  assert.ok(will.retain && will.qos === 1 && will.payload.includes('"state":"offline"'));
  assert.equal(
    link.plan.clientId,
    "orion-lobby-1",
    "always the same: infer SessionOptions.clientId",
  );
});

Deno.test("publisher: old inferences are not sent after a reconnect", async () => {
  const { clock, discarded, link, infer } = rig();
  infer(1, "gate");
  await clock.pass(MAX_AGE_MS);
  infer(2, "yard");
  await clock.pass(1);
  link.connect();
  assert.deepEqual(link.topics(), ["status", "inferences/yard/person"]);
  assert.deepEqual(discarded(), ["stale"]);
});

for (const stepMs of [3_600_000, -3_600_000]) {
  Deno.test(`publisher: inferences in the outbox do not age by a step of the wall clock of ${stepMs} ms`, async () => {
    const { clock, discarded, link, posted, infer } = rig();
    infer(1);
    clock.stepWall(stepMs);
    await clock.pass(1_000);
    link.connect();
    assert.deepEqual(discarded(), []);
    const totals = posted.flatMap((each) => each.kind === "emitted" ? [each.totalMs] : []);
    assert.deepEqual(totals, [1_000]);
  });
}

Deno.test("publisher: the outbox holds a bounded number of cameras and detectors", () => {
  const max = 20;
  const { discarded, infer } = rig({ plan: { outbox: { policy: "latest", max } } });
  for (let each = 0; each < max + 3; each++) infer(each, `camera-${each}`);
  assert.deepEqual(discarded(), ["full", "full", "full"]);
});

Deno.test("publisher: a slow broker gets the newest inference, not the backlog", () => {
  const { discarded, link, infer } = rig({ acknowledges: false });
  link.connect();
  for (let seq = 0; seq < MAX_INFLIGHT + 10; seq++) infer(seq);
  const inferences = () => link.sent.filter(({ message }) => !message.retain);
  assert.equal(inferences().length, MAX_INFLIGHT);
  assert.equal(discarded().length, 9, "all but the newest in the outbox");
  inferences()[0]?.done(null);
  assert.equal(inferences().length, MAX_INFLIGHT + 1);
  const last = inferences().at(-1)?.message.payload ?? "";
  assert.ok(last.includes(`"seq":${MAX_INFLIGHT + 9},`), last);
});

Deno.test("publisher: a refused message is logged, counted and not retried", () => {
  const { discarded, link, logged, publisher } = rig({ acknowledges: false });
  link.connect();
  publisher.publishHealth({ schema: "orion.health/1" });
  link.sent.at(-1)?.done(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(discarded(), ["refused"]);
  assert.deepEqual(link.topics(), ["status", "health"]);
  link.sent[0]?.done(failure("BROKER_REFUSED_MESSAGE"));
  assert.deepEqual(logged.map(({ event }) => event), ["mqtt.refused"], "once");
});

Deno.test("publisher: of a retained topic at most one message is in flight and one pending", () => {
  const { discarded, link, publisher } = rig({ acknowledges: false });
  link.connect();
  for (const number of [1, 2, 3, 4]) publisher.publishHealth({ schema: "orion.health/1", number });
  assert.deepEqual(link.topics(), ["status", "health"]);
  assert.deepEqual(discarded(), ["superseded", "superseded"]);
  link.sent[1]?.done(null);
  assert.deepEqual(link.topics(), ["status", "health", "health"]);
  assert.ok(link.sent[2]?.message.payload.includes('"number":4'));
});

Deno.test("publisher: totalMs ends with the hand-over to the client, and includes the time in the outbox", async () => {
  const { clock, link, posted, infer } = rig();
  infer(1);
  await clock.pass(1_500);
  link.connect();
  const emitted = posted.find((each) => each.kind === "emitted");
  assert.ok(emitted?.kind === "emitted" && emitted.totalMs === 1_500);
  assert.ok(link.sent.some(({ message }) => message.payload.includes('"totalMs":1500')));
});

Deno.test("publisher: a stop waits for messages in flight, publishes offline, and disconnects gracefully", async () => {
  const { discarded, link, publisher, infer } = rig({ acknowledges: false });
  link.connect();
  infer(1);
  const stopping = publisher.stop();
  infer(2);
  assert.deepEqual(discarded(), ["shutdown"]);
  link.sent.at(-1)?.done(null);
  await settle();
  const offline = link.sent.at(-1);
  assert.ok(offline?.message.retain && offline.message.payload.includes('"state":"offline"'));
  offline.done(null);
  await stopping;
  await publisher.stop();
  assert.deepEqual(link.closes, [true]);
});

/** Asserts that a stop goes on while the broker takes one message of a kind after the other, for 3 s at most. */
async function assertStopsAtDeadline(
  { clock, link, publisher }: Pick<ReturnType<typeof rig>, "clock" | "link" | "publisher">,
  isOne: (message: OutgoingMessage) => boolean,
): Promise<void> {
  const isOffline = () => link.sent.at(-1)?.message.payload.includes("offline") === true;
  const waiting = link.sent.filter(({ message }) => isOne(message));
  const stopping = publisher.stop();
  for (const { done } of waiting.slice(0, 3)) {
    await clock.pass(900);
    assert.ok(!isOffline());
    done(null);
  }
  await clock.pass(300);
  assert.ok(isOffline(), "at the deadline");
  await clock.pass(500);
  await stopping;
}

Deno.test("publisher: a stop goes on while the broker takes one message after the other, up to its deadline", async () => {
  const { clock, link, publisher } = rig({ acknowledges: false, plan: { flushMs: 3_000 } });
  link.connect();
  for (const camera of ["a", "b", "c", "d", "e"]) {
    const occupancy = { camera, zone: "all", occupied: false, counts: {}, sinceMs: clock.wallMs() };
    publisher.presence.emit({ kind: "occupancy", occupancy });
  }
  const isOccupancy = ({ topic }: OutgoingMessage) => topic.includes("occupancy");
  await assertStopsAtDeadline({ clock, link, publisher }, isOccupancy);
});

Deno.test("publisher: a stop goes on while messages in flight make room for those of the outbox", async () => {
  const outbox = { policy: "queue", max: 10 } as const;
  const { clock, link, publisher, infer } = rig({
    acknowledges: false,
    plan: { outbox, flushMs: 3_000 },
  });
  link.connect();
  for (let seq = 0; seq < MAX_INFLIGHT + outbox.max; seq++) infer(seq);
  await assertStopsAtDeadline({ clock, link, publisher }, ({ retain }) => !retain);
});

Deno.test("publisher: without a PUBACK for offline the broker is left to publish the will", async () => {
  const { clock, link, publisher, infer } = rig({ acknowledges: false });
  link.connect();
  infer(1);
  const stopping = publisher.stop();
  await clock.pass(1_500);
  await stopping;
  assert.deepEqual(link.closes, [false]);
});

Deno.test("publisher: a stop without a broker is immediate, and counts the outbox as discarded", async () => {
  const { clock, discarded, link, publisher, infer } = rig();
  infer(1);
  await publisher.stop();
  assert.deepEqual(discarded(), ["shutdown", "shutdown"], "the inference and the status");
  assert.deepEqual([link.closes, clock.waitsMs], [[false], []]);
});

Deno.test("publisher: the outbox is flushed after the SUBACK, not before", () => {
  const { link, infer } = rig();
  infer(1);
  link.grantsSubscriptions = false;
  link.connect();
  infer(2, "yard");
  assert.deepEqual(link.topics(), ["status"]);
  assert.deepEqual(link.subscribed.map(({ filter }) => filter), [
    "orion/lobby-1/control",
    "orion/lobby-1/cameras/+/detect/set",
  ]);
  for (const { done } of link.subscribed) done(null);
  const flushed = ["inferences/gate/person", "inferences/yard/person"];
  assert.deepEqual(link.topics(), ["status", ...flushed]);
});

Deno.test("publisher: a refused subscription does not block the outbox", () => {
  const { link, infer } = rig();
  infer(1);
  link.grantsSubscriptions = false;
  link.connect();
  for (const { done } of link.subscribed) done(failure("BROKER_REFUSED_SUBSCRIPTION"));
  assert.deepEqual(link.topics(), ["status", "inferences/gate/person"]);
});
