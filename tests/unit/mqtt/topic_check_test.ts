import assert from "node:assert/strict";
import { systemClock } from "../../../src/core/clock.ts";
import { BrokerError } from "../../../src/core/errors.ts";
import { logTo } from "../../../src/core/log.ts";
import type { BrokerCheck } from "../../../src/core/publisher_types.ts";
import { EmbeddedBroker } from "../../../src/mqtt/broker/broker.ts";
import { checkBroker } from "../../../src/mqtt/check_broker.ts";
import { mqttSessions } from "../../../src/mqtt/client.ts";
import type { DoneCallback, OutgoingMessage } from "../../../src/mqtt/session.ts";
import { ECHO_TIMEOUT_MS, TopicCheck } from "../../../src/mqtt/topic_check.ts";
import { Relay } from "../../support/brokers/relay.ts";
import { ScriptedBroker } from "../../support/brokers/scripted_broker.ts";
import { HeldClock, settle } from "../../support/clocks/held_clock.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";
import { failure } from "./publisher_rig.ts";

const STATUS = "orion/lobby-1/status";
const HEALTH = "orion/lobby-1/health";
const ACK = "orion/lobby-1/control/ack";

const CHECK: BrokerCheck = {
  broker: publisherPlan("mqtt://127.0.0.1").broker,
  status: STATUS,
  topics: [
    { topic: ACK, qos: 1, retain: false },
    { topic: HEALTH, qos: 1, retain: true },
    { topic: STATUS, qos: 1, retain: true },
  ],
  filters: ["orion/lobby-1/control"],
};

/** A check over a broker of this process, which drops what is published to the topics in `drops`. */
function rig({ retained = {}, drops = [] }: {
  retained?: Readonly<Record<string, string>>;
  drops?: readonly string[];
}) {
  const clock = new HeldClock();
  const kept = new Map(Object.entries(retained));
  const sent: OutgoingMessage[] = [];
  const subscribed: string[] = [];
  const deliver = (topic: string, text: string, isRetained: boolean) =>
    check.receive({ topic, payload: new TextEncoder().encode(text), retained: isRetained });
  const link = {
    connected: true,
    publish(message: OutgoingMessage, done: DoneCallback) {
      sent.push(message);
      done(null);
      if (drops.includes(message.topic)) return;
      if (message.payload === "") kept.delete(message.topic);
      else if (message.retain) kept.set(message.topic, message.payload);
      deliver(message.topic, message.payload, false);
    },
    subscribe(filter: string, _qos: 0 | 1, done: DoneCallback) {
      subscribed.push(filter);
      done(null);
      const text = kept.get(filter);
      if (text !== undefined) deliver(filter, text, true);
    },
  };
  const check = new TopicCheck(CHECK, link, clock);
  return { check, clock, kept, link, sent, subscribed };
}

const status = (state: string) =>
  JSON.stringify({
    schema: "orion.status/1",
    state,
    since: "2026-11-22T11:02:41.640Z",
    version: "0.1.0",
  });

Deno.test("topic check: every topic is written and read back, and empty ones are empty afterwards", async () => {
  const { check, kept, sent, subscribed, clock } = rig({});
  await check.run();
  assert.deepEqual(subscribed, [ACK, HEALTH, STATUS, "orion/lobby-1/control"]);
  const written = sent.filter(({ payload }) => payload !== "");
  assert.deepEqual(written.map(({ topic, retain }) => [topic, retain]), [
    [ACK, false],
    [HEALTH, true],
    [STATUS, true],
  ]);
  assert.ok(written.every(({ payload }) => JSON.parse(payload).schema === "orion.check/1"));
  assert.equal(kept.size, 0);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("topic check: what was retained stays as it was, except what a check left", async () => {
  const offline = status("offline");
  const left = '{"schema":"orion.check/1","id":"aborted"}';
  const { check, kept } = rig({ retained: { [STATUS]: offline, [HEALTH]: left } });
  await check.run();
  assert.deepEqual([...kept], [[STATUS, offline]]);
});

Deno.test("topic check: retained topics of a running service are not written", async () => {
  const { check, kept, sent } = rig({ retained: { [STATUS]: status("online") } });
  await check.run();
  assert.deepEqual(sent.map(({ topic }) => topic), [ACK]);
  assert.equal(kept.size, 1);
});

Deno.test("topic check: topics whose messages do not come back are named, and the others cleared", async () => {
  const { check, clock, kept } = rig({ drops: [STATUS] });
  const outcome = assert.rejects(check.run(), (error: unknown) => {
    assert.ok(error instanceof BrokerError && error.code === "BROKER_NOT_READ_BACK");
    assert.match(error.message, /published to orion\/lobby-1\/status: .*dropped/);
    assert.match(error.remedy, /mqtt\.username/);
    return true;
  });
  while (clock.waitsMs.length === 0) await settle();
  await clock.pass(ECHO_TIMEOUT_MS);
  await outcome;
  assert.equal(kept.size, 0);
});

Deno.test("topic check: a connection that ends while it waits ends the check at once", async () => {
  const { check, clock, link } = rig({ drops: [ACK] });
  const outcome = assert.rejects(check.run(), /after a check had published to .*control\/ack/);
  while (clock.waitsMs.length === 0) await settle();
  link.connected = false;
  check.disconnected(failure("BROKER_CLOSED"));
  await outcome;
  assert.deepEqual(clock.waitsMs, []);
});

/** The embedded broker: other clients may publish nothing below `rootTopic`. */
function embedded(rootTopic: string): Promise<EmbeddedBroker> {
  return EmbeddedBroker.start({
    hostname: "127.0.0.1",
    port: 0,
    own: { clientId: "orion-lobby-1", password: "x", rootTopic },
    clock: systemClock,
    log: logTo(() => {}),
  });
}

/** Checks a broker at an address. */
function checked(address: string, protocol: 5 | "3.1.1" = 5) {
  return checkBroker({ ...CHECK, broker: publisherPlan(address, { protocol }).broker }, {
    openSession: mqttSessions(systemClock),
    clock: systemClock,
    readText: () => Promise.reject(new Error("no files here")),
  });
}

Deno.test("check broker: a broker that closes on a forbidden topic is reported with the topic", async () => {
  await using broker = await embedded("orion/lobby-1");
  await assert.rejects(checked(`mqtt://127.0.0.1:${broker.port}`, "3.1.1"), (error: unknown) => {
    assert.ok(error instanceof BrokerError && error.code === "BROKER_CLOSED");
    assert.match(error.message, /after a check had published to orion\/lobby-1\/control\/ack/);
    return true;
  });
});

Deno.test("check broker: a broker that closes the connection on MQTT 5 is tried in 3.1.1", async () => {
  await using broker = await embedded("orion/other");
  await using relay = Relay.start({ hostname: "127.0.0.1", to: broker.port });
  const cut = relay.cutAfter(1);
  assert.equal(await checked(`mqtt://${relay.host}`), "3.1.1");
  await cut;
  assert.equal(relay.accepted, 2);
});

/** What a CONNACK states, and what the error says. */
const LACKS: readonly [name: string, properties: readonly number[], RegExp][] = [
  ["Retain Available 0", [0x25, 0], /allows no retained messages \(code 154\)/],
  ["Maximum QoS 0", [0x24, 0], /allows no messages of QoS 1 \(code 155\)/],
];

for (const [name, properties, message] of LACKS) {
  Deno.test(`check broker: ${name} is reported, and nothing is published`, async () => {
    using broker = new ScriptedBroker();
    const outcome = assert.rejects(checked(broker.address), { code: "BROKER_PROTOCOL", message });
    await broker.accept(properties);
    await outcome;
    await assert.rejects(broker.packet(), /the client closed the connection/);
    // mqtt.js releases the rest in a timer of 0.
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
}
