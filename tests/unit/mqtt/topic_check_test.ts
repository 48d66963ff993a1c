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

Deno.test("check broker: a broker that closes on a forbidden topic is reported with the topic", async () => {
  await using broker = await EmbeddedBroker.start({
    hostname: "127.0.0.1",
    port: 0,
    // It lets no other client publish below this.
    own: { clientId: "orion-lobby-1", password: "x", rootTopic: "orion/lobby-1" },
    clock: systemClock,
    log: logTo(() => {}),
  });
  const target = publisherPlan(`mqtt://127.0.0.1:${broker.port}`, { protocol: "3.1.1" }).broker;
  const outcome = checkBroker({ ...CHECK, broker: target }, {
    openSession: mqttSessions(systemClock),
    clock: systemClock,
    readText: () => Promise.reject(new Error("no files here")),
  });
  await assert.rejects(outcome, (error: unknown) => {
    assert.ok(error instanceof BrokerError && error.code === "BROKER_CLOSED");
    assert.match(error.message, /after a check had published to orion\/lobby-1\/control\/ack/);
    return true;
  });
});
