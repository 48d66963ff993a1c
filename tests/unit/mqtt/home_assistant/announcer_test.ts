import assert from "node:assert/strict";
import { type Log, type LogRecord, logTo } from "../../../../src/core/log.ts";
import type { PublisherPlan } from "../../../../src/core/publisher_types.ts";
import {
  Announcer,
  FORMER_SETTLE_MS,
  FORMER_TIMEOUT_MS,
} from "../../../../src/mqtt/home_assistant/announcer.ts";
import { topicsOf } from "../../../../src/mqtt/topics.ts";
import { HeldClock } from "../../../support/clocks/held_clock.ts";
import { configsOf, formerConfigs, planOf, zone } from "../../../support/home_assistant/plans.ts";
import { rig } from "../publisher_rig.ts";

const STATUS = "orion/lobby-1/status";

interface Sent {
  readonly topic: string;
  readonly payload: string;
}

/** An announcer, what it publishes, and what it logs. */
function announcing(plan: PublisherPlan = planOf()) {
  const clock = new HeldClock();
  const sent: Sent[] = [];
  const logged: LogRecord[] = [];
  const log: Log = logTo((record) => logged.push(record));
  const announcer = new Announcer({
    clock,
    log,
    plan,
    topics: topicsOf(plan),
    retained: {
      set: (_kind, { topic, payload }) => sent.push({ topic, payload }),
      clear: (_kind, topic) => sent.push({ topic, payload: "" }),
    },
  });
  const receive = (topic: string, payload: string) =>
    announcer.receive(topic, new TextEncoder().encode(payload));
  return { announcer, clock, logged, receive, sent };
}

Deno.test("home assistant: with the publisher, entities are announced once the broker had time for former ones", async () => {
  const { clock, link } = rig({ plan: planOf() });
  link.connect();
  assert.deepEqual(link.subscribed.map(({ filter }) => filter), [
    "orion/lobby-1/control",
    "orion/lobby-1/cameras/+/detect/set",
    "homeassistant/+/lobby-1/+/config",
    "homeassistant/+/orion-lobby-1/+/config",
  ]);
  assert.deepEqual(link.topics(), ["status"]);
  await clock.pass(FORMER_SETTLE_MS);
  const configs = link.sent.filter(({ message }) => message.topic.startsWith("homeassistant/"));
  assert.equal(configs.length, configsOf(planOf()).size);
  assert.ok(configs.every(({ message: { retain, qos } }) => retain && qos === 1));
  link.disconnect();
  link.connect();
  assert.deepEqual(link.subscribed.slice(4).map(({ filter }) => filter), [
    "orion/lobby-1/control",
    "orion/lobby-1/cameras/+/detect/set",
    "homeassistant/+/lobby-1/+/config",
  ], "the former ones are looked for once");
  assert.equal(link.sent.length, configs.length + 1, "all are published with every connection");
});

Deno.test("home assistant: former configurations are deleted before their entities are announced again", async () => {
  const { announcer, clock, receive, sent } = announcing();
  announcer.connected();
  announcer.subscribed();
  const former = [...formerConfigs("gate"), ...formerConfigs("shed")];
  for (const [topic, payload] of former) receive(topic, payload);
  const migrate = (topic: string) =>
    topic.includes("/gate-") ? ['{"migrate_discovery":true}', ""] : [""];
  assert.deepEqual(
    sent.map(({ topic, payload }) => [topic, payload]),
    former.flatMap(([topic]) => migrate(topic).map((payload) => [topic, payload])),
    "those that are announced again keep what a person has set",
  );
  await clock.pass(FORMER_SETTLE_MS);
  const before = sent.length;
  for (const [topic] of former) {
    assert.equal(sent.length, before, "the broker has not deleted all of them yet");
    receive(topic, "");
  }
  assert.equal(sent.length - before, configsOf(planOf()).size);
  assert.deepEqual(clock.waitsMs, []);
});

Deno.test("home assistant: entities are announced although a broker deletes nothing", async () => {
  const { announcer, clock, receive, sent } = announcing();
  announcer.connected();
  announcer.subscribed();
  for (const [topic, payload] of formerConfigs("shed")) receive(topic, payload);
  const deleted = sent.length;
  await clock.pass(FORMER_TIMEOUT_MS - 1);
  assert.equal(sent.length, deleted);
  await clock.pass(1);
  assert.equal(sent.length, deleted + configsOf(planOf()).size);
});

Deno.test("home assistant: a broker that closes on the former topics is not asked a third time", async () => {
  const { announcer, clock, sent } = announcing();
  for (const filters of [2, 2, 1]) {
    assert.equal(announcer.connected().length, filters);
    if (filters === 2) announcer.disconnected();
  }
  announcer.subscribed();
  assert.equal(sent.length, configsOf(planOf()).size);
  await clock.pass(FORMER_TIMEOUT_MS);
  assert.equal(sent.length, configsOf(planOf()).size);
});

Deno.test("home assistant: a connection that breaks before the entities are announced begins anew", async () => {
  const { announcer, clock, receive, sent } = announcing();
  announcer.connected();
  announcer.subscribed();
  const [[topic, payload] = ["", ""]] = formerConfigs("shed");
  receive(topic, payload);
  announcer.disconnected();
  await clock.pass(FORMER_TIMEOUT_MS);
  assert.deepEqual(sent.map(({ topic }) => topic), [topic]);
  assert.equal(announcer.connected().length, 2);
  announcer.subscribed();
  await clock.pass(FORMER_SETTLE_MS);
  assert.equal(sent.length, 1 + configsOf(planOf()).size);
});

Deno.test("home assistant: only our own configurations are deleted", async () => {
  const { announcer, clock, logged, receive, sent } = announcing();
  announcer.connected();
  announcer.subscribed();
  await clock.pass(FORMER_SETTLE_MS);
  const before = sent.length;
  const gone = "homeassistant/sensor/lobby-1/shed_person_count/config";
  const origin = { name: "Orion" };
  const availability = [{ topic: STATUS }];
  const others: readonly unknown[] = [
    { name: "no origin", availability },
    { origin: { name: "Zigbee2MQTT" }, availability },
    { origin, availability: [{ topic: "site/lobby-1/status" }] },
    { origin, state_topic: "orion/lobby-2/status" },
    { origin, availability: [7] },
    ["no object"],
  ];
  for (const other of others) receive(gone, JSON.stringify(other));
  receive(gone, "{no json");
  receive(
    "homeassistant/sensor/lobby-1/shed_person_count/state",
    JSON.stringify({ origin, availability }),
  );
  receive(gone, `{"origin":{"name":"Orion"},"x":"${"x".repeat(70_000)}"}`);
  assert.deepEqual(sent.slice(before), []);
  receive(gone, JSON.stringify({ origin, availability }));
  assert.deepEqual(sent.slice(before), [{ topic: gone, payload: "" }]);
  assert.deepEqual(logged, []);
});

Deno.test("home assistant: another Orion of the same instance is reported once", async () => {
  const { announcer, clock, logged, receive, sent } = announcing();
  const origin = { name: "Orion" };
  const theirs = JSON.stringify({ origin, availability: [{ topic: "site/lobby-1/status" }] });
  const topic = "homeassistant/binary_sensor/lobby-1/gate_connectivity/config";
  announcer.connected();
  announcer.subscribed();
  receive(topic, theirs);
  assert.deepEqual([logged, sent], [[], []], "an earlier run under another prefix has left it");
  await clock.pass(FORMER_SETTLE_MS);
  assert.ok(sent.some((each) => each.topic === topic), "and it is replaced");
  receive(topic, theirs);
  receive(topic, theirs);
  receive("homeassistant/switch/lobby-1/shed_detect/config", theirs);
  assert.deepEqual(logged.map(({ event }) => event), ["mqtt.discovery_contested"]);
});

Deno.test("home assistant: new zones of a camera are announced, and those of removed ones deleted", async () => {
  const { announcer, clock, sent } = announcing(planOf({ zones: [zone("door")] }));
  announcer.changeScene({ camera: "gate", zones: [zone("path")], lines: [] });
  assert.deepEqual(sent, [], "nothing is announced yet");
  announcer.connected();
  announcer.subscribed();
  await clock.pass(FORMER_SETTLE_MS);
  const topics = () =>
    sent.splice(0).map(({ topic, payload }) => `${payload === "" ? "-" : "+"}${topic}`);
  const path = (sign: string) => [
    `${sign}homeassistant/binary_sensor/lobby-1/gate_path_person_occupancy/config`,
    `${sign}homeassistant/sensor/lobby-1/gate_path_person_count/config`,
  ];
  const all = topics();
  assert.ok(path("+").every((topic) => all.includes(topic)) && !all.join().includes("_door_"));
  announcer.changeScene({ camera: "gate", zones: [zone("path"), zone("step")], lines: [] });
  assert.deepEqual(topics(), path("+").map((topic) => topic.replace("path", "step")));
  announcer.changeScene({ camera: "gate", zones: [zone("step")], lines: [] });
  assert.deepEqual(topics(), path("-"));
});

Deno.test("home assistant: nothing is announced unless discovery is on", async () => {
  const { clock, link } = rig();
  link.connect();
  await clock.pass(FORMER_TIMEOUT_MS);
  assert.deepEqual(link.topics(), ["status"]);
  assert.equal(link.subscribed.length, 2);
});
