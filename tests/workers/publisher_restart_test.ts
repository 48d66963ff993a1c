import assert from "node:assert/strict";
import { systemClock } from "../../src/core/clock.ts";
import { BrokerError } from "../../src/core/errors.ts";
import { logTo } from "../../src/core/log.ts";
import type { FromPublisher } from "../../src/core/messages.ts";
import type { OutboxPlan } from "../../src/core/publisher_types.ts";
import { mqttSessions } from "../../src/mqtt/client.ts";
import { BrokerLink } from "../../src/mqtt/link.ts";
import { Publisher } from "../../src/mqtt/publisher.ts";
import type { OpenSession, Session } from "../../src/mqtt/session.ts";
import { Mosquitto, type Received, type Subscriber } from "../support/brokers/mosquitto.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { inferenceResult, publisherPlan } from "../support/workers/publisher_worker.ts";

const RESTARTS = 20;
/** Fewer than mosquitto has in flight to one subscriber. */
const BURST = 8;

/** Opens sessions, or refuses them while the test prepares its subscriber. */
class Gate {
  isOpen = true;
  readonly #openSession = mqttSessions(systemClock);

  readonly openSession: OpenSession = (options, events) => {
    if (this.isOpen) return this.#openSession(options, events);
    const error = new BrokerError({
      code: "BROKER_REFUSED",
      message: "the gate is shut",
      retryable: true,
      remedy: "Wait.",
    });
    queueMicrotask(() => events.closed({ error, versionRefused: false, withoutConnack: false }));
    return REFUSED;
  };
}

const REFUSED: Session = {
  connected: false,
  publish: () => {},
  subscribe: () => {},
  unsubscribe: () => {},
  close: () => Promise.resolve(),
};

/** Starts a publisher in this thread, with short delays; it answers every command. */
function start(url: string, gate: Gate, who: { instance: string; outbox: OutboxPlan }) {
  const log = logTo(() => {});
  const posted: FromPublisher[] = [];
  const publisher = new Publisher({
    clock: systemClock,
    log,
    session: 1,
    post: (message) => {
      posted.push(message);
      if (message.kind !== "command") return;
      const { request, command } = message.request;
      publisher.acknowledge({
        request,
        command: command.command,
        outcome: { data: null },
        replayed: false,
      });
    },
    openLink: (plan, events) =>
      new BrokerLink(plan, events, {
        openSession: gate.openSession,
        clock: systemClock,
        random: () => 0.01,
        log,
      }),
    readText: () => Promise.reject(new Error("no files here")),
  });
  publisher.start({ ...publisherPlan(url, {}, { inferences: 1 }), ...who });
  return { posted, publisher };
}

/** Waits until an instance is online and has acknowledged a command. */
async function ready(broker: Mosquitto, subscriber: Subscriber, instance: string, id: string) {
  const root = `orion/${instance}`;
  await subscriber.waitFor(
    ({ topic, json }) => topic === `${root}/status` && json?.["state"] === "online",
    { what: `online of ${instance}` },
  );
  // The status is published before the subscription.
  await broker.waitForLog((line) => line.includes(`${root}/control (QoS 1)`), "a subscription");
  const command = { schema: "orion.command/1", id, command: "get_status" };
  await broker.publish(`${root}/control`, JSON.stringify(command));
  await subscriber.waitFor(
    ({ topic, json }) => topic === `${root}/control/ack` && json?.["id"] === id,
    { what: `an acknowledgement by ${instance}` },
  );
}

/** Waits until a subscriber has read all that the broker sent it. */
async function receivedAll(broker: Mosquitto, subscriber: Subscriber): Promise<void> {
  const topic = "orion/all/inferences/gate/person";
  const sent = broker.log().split("\n")
    .filter((line) => line.includes("Sending PUBLISH") && line.includes(`'${topic}'`)).length;
  let received = 0;
  if (sent === 0) return;
  await subscriber.waitFor((message) => message.topic === topic && ++received >= sent, {
    what: `${sent} messages`,
  });
}

function seqs(messages: readonly Received[], instance: string, camera: string): number[] {
  return messages.filter(({ topic }) => topic === `orion/${instance}/inferences/${camera}/person`)
    .map(({ payload }) => Number(/"seq":(\d+)/.exec(payload)?.[1]));
}

/** Waits for a frame. */
async function arrival(subscriber: Subscriber, instance: string, camera: string, seq: number) {
  const topic = `orion/${instance}/inferences/${camera}/person`;
  await subscriber.waitFor(
    (message) => message.topic === topic && message.payload.includes(`"seq":${seq},`),
    { what: `frame ${seq} of ${instance}` },
  );
}

Deno.test({
  name:
    "publisher: a broker restarts 20 times under load; a queue loses nothing, and of what waited " +
    "exactly the latest arrives",
  ignore: ignoreWithout("mosquitto"),
  async fn() {
    await using broker = await Mosquitto.start();
    const gate = new Gate();
    const all = start(broker.url, gate, {
      instance: "all",
      outbox: { policy: "queue", max: 1_000 },
    });
    const newest = start(broker.url, gate, {
      instance: "newest",
      outbox: { policy: "latest", max: 16 },
    });
    let seq = 0;
    const burst = () => {
      for (let each = 0; each < BURST; each++) {
        seq += 1;
        all.publisher.publishInference(inferenceResult(seq), systemClock.nowMs());
        for (const camera of ["gate", "yard"]) {
          newest.publisher.publishInference(inferenceResult(seq, { camera }), systemClock.nowMs());
        }
      }
    };
    const received: number[] = [];
    let subscriber = await broker.subscribe("orion/#");
    await ready(broker, subscriber, "all", "first");

    for (let restart = 1; restart <= RESTARTS; restart++) {
      // These messages are in flight when the broker stops.
      burst();
      gate.isOpen = false;
      await broker.stop();
      await receivedAll(broker, subscriber);
      await subscriber[Symbol.asyncDispose]();
      received.push(...seqs(subscriber.messages, "all", "gate"));
      burst();
      await broker.start();
      subscriber = await broker.subscribe("orion/#");
      gate.isOpen = true;
      for (const instance of ["all", "newest"]) {
        await ready(broker, subscriber, instance, `${instance}-${restart}`);
      }
      await arrival(subscriber, "all", "gate", seq);
      for (const camera of ["gate", "yard"]) {
        await arrival(subscriber, "newest", camera, seq);
        // Those in flight when the broker stopped are sent again, and of the later ones the newest.
        const arrived = seqs(subscriber.messages, "newest", camera);
        assert.deepEqual(arrived.filter((each) => each > seq - BURST), [seq], "exactly the newest");
        assert.deepEqual(arrived, arrived.toSorted((a, b) => a - b), "in order");
      }
    }
    for (const { publisher } of [all, newest]) await publisher.stop();
    await subscriber[Symbol.asyncDispose]();
    received.push(...seqs(subscriber.messages, "all", "gate"));

    const first = received.filter((each, at) => received.indexOf(each) === at);
    assert.deepEqual(first, Array.from({ length: seq }, (_, at) => at + 1), "all, in order");
    assert.deepEqual(
      all.posted.filter((each) => each.kind === "discarded" && each.topicKind === "inference"),
      [],
    );
    for (const { posted } of [all, newest]) {
      const count = (test: (each: FromPublisher) => boolean) => posted.filter(test).length;
      const produced = count((each) => each.kind === "produced" && each.topicKind === "inference");
      const published = count((each) => each.kind === "emitted");
      const discarded = count((each) =>
        each.kind === "discarded" && each.topicKind === "inference"
      );
      assert.equal(published + discarded, produced);
    }
    assert.equal(all.posted.filter((each) => each.kind === "emitted").length, seq);
  },
});
