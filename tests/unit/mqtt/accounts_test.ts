/** What is counted as published, discarded and waiting, and what is sent again. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { FromPublisher } from "../../../src/core/messages.ts";
import type { OutboxPlan } from "../../../src/core/publisher_types.ts";
import { MAX_AGE_MS } from "../../../src/mqtt/inference_queue.ts";
import { presencePlan, stayOf } from "../../support/presence/stays.ts";
import { failure, type FakeLink, rig } from "./publisher_rig.ts";

const QUEUE: OutboxPlan = { policy: "queue", max: 100 };
const LATEST: OutboxPlan = { policy: "latest", max: 100 };

function inferences(link: FakeLink) {
  return link.sent.filter(({ message }) => message.topic.includes("/inferences/"));
}

/** The frames of the messages in flight. */
function seqs(link: FakeLink): number[] {
  return inferences(link).map(({ message }) => Number(/"seq":(\d+)/.exec(message.payload)?.[1]));
}

/** Acknowledges the oldest message in flight. */
function acknowledge(link: FakeLink): void {
  link.sent.shift()?.done(null);
}

/** Acknowledges everything, what is sent meanwhile included. */
function acknowledgeAll(link: FakeLink): void {
  while (link.sent.length > 0) acknowledge(link);
}

/** A count of each outcome, over all kinds of messages. */
function counts(posted: readonly FromPublisher[]) {
  const count = (...kinds: string[]) => posted.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    produced: count("produced"),
    published: count("published", "emitted"),
    discarded: count("discarded"),
  };
}

Deno.test("accounts: a message counts as published when it is acknowledged, not when it is sent", () => {
  const { link, posted, infer } = rig({ acknowledges: false, qos: { inferences: 1 } });
  link.connect();
  acknowledgeAll(link);
  infer(1);
  assert.equal(posted.some(({ kind }) => kind === "emitted"), false);
  acknowledge(link);
  assert.deepEqual(posted.filter(({ kind }) => kind === "emitted").length, 1);
});

for (const outbox of [QUEUE, LATEST]) {
  Deno.test(`accounts: with QoS 1 and ${outbox.policy}, messages in flight at a break are sent again first, unchanged`, async () => {
    const { clock, discarded, link, posted, infer } = rig({
      acknowledges: false,
      qos: { inferences: 1 },
      plan: { outbox },
    });
    link.connect();
    acknowledgeAll(link);
    for (const seq of [1, 2, 3]) infer(seq);
    const before = inferences(link).map(({ message }) => message);
    acknowledge(link);
    link.disconnect();
    await clock.pass(1_000);
    infer(4);
    link.connect();
    const after: typeof before = [];
    while (link.sent.length > 0) {
      const first = link.sent[0]?.message;
      if (first?.topic.includes("/inferences/")) after.push(first);
      acknowledge(link);
    }
    assert.deepEqual(
      after.slice(0, 2),
      before.slice(1).map((message) => ({ ...message, isRepeated: true })),
      "the same messages with the same times, as DUP",
    );
    assert.match(after.at(-1)?.payload ?? "", /"seq":4,/);
    assert.deepEqual(discarded(), []);
    assert.equal(posted.filter(({ kind }) => kind === "emitted").length, 4, "each once");
  });
}

Deno.test("accounts: latest sends nothing again that is too old, and counts it as unacknowledged", async () => {
  const { clock, discarded, link, infer } = rig({ acknowledges: false, qos: { inferences: 1 } });
  link.connect();
  acknowledgeAll(link);
  infer(1);
  link.disconnect();
  await clock.pass(MAX_AGE_MS + 1);
  link.connect();
  acknowledgeAll(link);
  assert.deepEqual(discarded(), ["unacknowledged"], "the broker may have received it");
});

Deno.test("accounts: with QoS 0, what was not written when the connection broke is lost, once", () => {
  const { discarded, link, infer } = rig({ acknowledges: false });
  link.connect();
  acknowledgeAll(link);
  infer(1);
  link.disconnect();
  assert.deepEqual(discarded(), ["connection-lost"]);
  link.connect();
  acknowledgeAll(link);
  assert.deepEqual(discarded(), ["connection-lost"]);
});

Deno.test("accounts: suspects of a break are sent one at a time, and the cause of the next one is given up", () => {
  const { discarded, link, logged, infer } = rig({
    acknowledges: false,
    qos: { inferences: 1 },
    plan: { outbox: QUEUE },
  });
  link.connect();
  acknowledgeAll(link);
  for (const seq of [1, 2, 3]) infer(seq);
  link.disconnect();
  infer(4);
  link.connect();
  acknowledge(link); // The status.
  assert.deepEqual(seqs(link), [1], "alone");
  acknowledge(link);
  assert.deepEqual(seqs(link), [2]);
  link.disconnect();
  assert.deepEqual(discarded(), ["closes-connection"]);
  assert.ok(logged.some(({ event }) => event === "mqtt.message_given_up"));
  link.connect();
  acknowledge(link);
  assert.deepEqual(seqs(link), [3], "innocent, and suspect until it is acknowledged");
  acknowledge(link);
  assert.deepEqual(seqs(link), [4]);
  acknowledgeAll(link);
  assert.deepEqual(discarded(), ["closes-connection"]);
});

Deno.test("accounts: a network that breaks makes no message the cause", () => {
  const { discarded, link, infer } = rig({ acknowledges: false, qos: { inferences: 1 } });
  link.connect();
  acknowledgeAll(link);
  infer(1);
  for (let attempt = 0; attempt < 5; attempt++) {
    link.disconnect("BROKER_TIMEOUT");
    link.connect();
  }
  assert.deepEqual([discarded(), seqs(link)], [[], [1]]);
});

Deno.test("accounts: an answer on which the broker closes is replaced by one that says so", () => {
  const { link, publisher } = rig({ acknowledges: false });
  link.connect();
  acknowledgeAll(link);
  const command = { schema: "orion.command/1", id: "1", command: "get_status" };
  link.receive("orion/lobby-1/control", JSON.stringify(command));
  publisher.acknowledge({
    request: 1,
    command: "get_status",
    outcome: { data: "x".repeat(1_000) },
    replayed: false,
  });
  for (const _ of [1, 2]) {
    link.disconnect();
    link.connect();
    acknowledge(link);
  }
  const acks = link.sent.filter(({ message }) => message.topic.endsWith("/ack"));
  assert.equal(acks.length, 1);
  assert.match(acks[0]?.message.payload ?? "", /"id":"1".*CONTROL_ANSWER_REFUSED/);
});

Deno.test("accounts: a retained topic on which the broker closes is left alone for ten minutes", async () => {
  const { clock, discarded, link, publisher } = rig({ acknowledges: false });
  link.connect();
  acknowledgeAll(link);
  const health = () => publisher.publishHealth({ schema: "orion.health/1" });
  health();
  link.disconnect();
  link.connect();
  acknowledge(link);
  assert.deepEqual(link.topics(), ["health"]);
  link.disconnect();
  link.connect();
  health();
  acknowledgeAll(link);
  assert.ok(discarded().every((reason) => reason === "closes-connection"));
  const refused = discarded().length;
  await clock.pass(600_000);
  health();
  assert.equal(link.topics().filter((topic) => topic === "health").length, 1, "tried again");
  acknowledgeAll(link);
  assert.equal(discarded().length, refused);
});

for (const inferencesQos of [0, 1] as const) {
  for (const outbox of [QUEUE, LATEST]) {
    Deno.test(`accounts: produced = published + discarded + waiting at every moment, QoS ${inferencesQos}, ${outbox.policy}`, async () => {
      const action = fc.constantFrom(
        ...["infer", "infer", "health", "acknowledge", "acknowledge", "refuse"],
        ...["break", "timeout", "connect", "pass", "camera"],
        ...["start", "update", "end", "occupancy", "picture"],
      );
      await fc.assert(
        fc.asyncProperty(fc.array(action, { maxLength: 80 }), async (actions) => {
          const { clock, link, posted, infer, publisher } = rig({
            acknowledges: false,
            qos: { inferences: inferencesQos },
            plan: { outbox: { ...outbox, max: 3 }, presence: presencePlan("crop") },
          });
          let seq = 0;
          const closes = () => {
            const { produced, published, discarded } = counts(posted);
            assert.equal(published + discarded + publisher.waiting, produced);
          };
          for (const each of actions) {
            if (each === "infer") infer(++seq, `camera-${seq % 5}`);
            else if (each === "health") publisher.publishHealth({ schema: "orion.health/1", seq });
            else if (each === "camera") publisher.publishCamera(camera(seq, clock.wallMs()));
            else if (each === "acknowledge") acknowledge(link);
            else if (each === "refuse") link.sent.shift()?.done(failure("BROKER_REFUSED_MESSAGE"));
            else if (each === "break" && link.connected) link.disconnect();
            else if (each === "timeout" && link.connected) link.disconnect("BROKER_TIMEOUT");
            else if (each === "connect" && !link.connected) link.connect();
            else if (each === "picture") {
              publisher.presence.picture({ stay: "s", seq, bytes: new ArrayBuffer(8) });
            } else if (each === "start" || each === "update" || each === "end") {
              publisher.presence.emit({ kind: each, stay: stayOf("s", { best: bestOf(++seq) }) });
            } else if (each === "occupancy") {
              const zone = { camera: "gate", zone: "all", occupied: seq % 2 === 0, counts: {} };
              publisher.presence.emit({
                kind: each,
                occupancy: { ...zone, sinceMs: clock.wallMs() },
              });
            } else if (each === "pass") await clock.pass(MAX_AGE_MS / 2);
            closes();
          }
          link.connected = false;
          for (const { done } of link.sent.splice(0)) done(failure("BROKER_CLOSED"));
          await publisher.stop();
          assert.equal(publisher.waiting, 0);
          closes();
        }),
        { numRuns: 60 },
      );
    });
  }
}

function bestOf(seq: number) {
  return { ...stayOf("s").best, seq };
}

function camera(seq: number, sinceMs: ReturnType<ReturnType<typeof rig>["clock"]["wallMs"]>) {
  return {
    camera: `camera-${seq % 2}`,
    state: "online",
    sinceMs,
    reason: null,
    reconnects: 0,
  } as const;
}
