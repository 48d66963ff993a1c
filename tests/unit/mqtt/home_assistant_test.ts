import assert from "node:assert/strict";
import type { Scene, SnapshotMode } from "../../../src/core/presence_types.ts";
import type { HomeAssistantPlan, PublisherPlan } from "../../../src/core/publisher_types.ts";
import {
  Announcer,
  FORMER_SETTLE_MS,
  FORMER_TIMEOUT_MS,
} from "../../../src/mqtt/home_assistant/announcer.ts";
import { discoveryOf } from "../../../src/mqtt/home_assistant/discovery.ts";
import { type Log, type LogRecord, logTo } from "../../../src/core/log.ts";
import { topicsOf } from "../../../src/mqtt/topics.ts";
import { HeldClock } from "../../support/clocks/held_clock.ts";
import {
  formerConfigs,
  homeAssistantPlan,
  presencePlan,
} from "../../support/home_assistant/plans.ts";
import { publisherPlan } from "../../support/workers/publisher_worker.ts";
import { rig } from "./publisher_rig.ts";

/**
 * The keys that Home Assistant documents for entities of these components, as far as Orion may use them:
 * pages "MQTT", "Binary sensor", "Sensor" and so on of its documentation, MQTT discovery included.
 */
const COMMON = [
  ...["availability", "availability_mode", "device", "device_class", "enabled_by_default"],
  ...["entity_category", "entity_picture", "icon", "json_attributes_template"],
  ...["json_attributes_topic", "name", "origin", "qos", "unique_id", "encoding"],
];
const STATE = [...COMMON, "state_topic", "value_template"];
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: [
    ...STATE,
    "expire_after",
    "force_update",
    "off_delay",
    "payload_off",
    "payload_on",
  ],
  sensor: [
    ...[...STATE, "expire_after", "force_update", "last_reset_value_template", "options"],
    ...["state_class", "suggested_display_precision", "unit_of_measurement"],
  ],
  switch: [
    ...[...STATE, "command_template", "command_topic", "optimistic", "payload_off", "payload_on"],
    ...["retain", "state_off", "state_on"],
  ],
  number: [
    ...[...STATE, "command_template", "command_topic", "max", "min", "mode", "optimistic"],
    ...["payload_reset", "retain", "step", "unit_of_measurement"],
  ],
  image: [...COMMON, "content_type", "image_encoding", "image_topic", "url_template", "url_topic"],
  button: [...COMMON, "command_template", "command_topic", "payload_press", "retain"],
  event: [...STATE, "event_types"],
};
const AVAILABILITY = ["topic", "payload_available", "payload_not_available", "value_template"];
const DEVICE = [
  ...["configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model"],
  ...["model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"],
];
const ORIGIN = ["name", "sw_version", "support_url"];

const STATUS = "orion/lobby-1/status";

type Json = Readonly<Record<string, unknown>>;

function planOf(
  { homeAssistant = {}, snapshot = "none", zones = [], presence = true }: {
    homeAssistant?: Partial<HomeAssistantPlan>;
    snapshot?: SnapshotMode;
    zones?: Scene["zones"];
    presence?: boolean;
  } = {},
): PublisherPlan {
  return {
    ...publisherPlan("mqtt://127.0.0.1:1883"),
    homeAssistant: { ...homeAssistantPlan("gate"), ...homeAssistant },
    presence: presence ? presencePlan(["gate"], snapshot, zones) : { detectors: [], scenes: [] },
  };
}

/** The configurations by `COMPONENT/OBJECT`. */
function configsOf(plan: PublisherPlan): Map<string, Json> {
  const discovery = discoveryOf(plan, topicsOf(plan));
  assert.ok(discovery !== null);
  const configs = new Map<string, Json>();
  for (const [topic, payload] of discovery.configs) {
    const [prefix, component, node, object, last] = topic.split("/");
    assert.deepEqual([prefix, node, last], ["homeassistant", "lobby-1", "config"]);
    configs.set(`${component}/${object}`, JSON.parse(payload));
  }
  return configs;
}

function within(keys: readonly string[], value: unknown, what: string): asserts value is Json {
  assert.ok(typeof value === "object" && value !== null, what);
  for (const key of Object.keys(value)) assert.ok(keys.includes(key), `${what}: ${key}`);
}

function zone(id: string, classes: readonly string[] | null = null): Scene["zones"][number] {
  return { id, classes, polygon: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }] };
}

Deno.test("home assistant: a camera has every entity of the contract, with documented keys only", () => {
  const plan = planOf({ snapshot: "crop", zones: [zone("door")] });
  const configs = configsOf(plan);
  assert.deepEqual([...configs.keys()], [
    "binary_sensor/_connectivity",
    "binary_sensor/gate_connectivity",
    "binary_sensor/gate_person_occupancy",
    "sensor/gate_person_count",
    "binary_sensor/gate_door_person_occupancy",
    "sensor/gate_door_person_count",
    "image/gate_person_picture",
    "event/gate_presence",
    "switch/gate_detect",
    "number/gate_person_rate",
    "number/gate_person_confidence",
    "button/gate_snapshot",
    "sensor/gate_fps",
    "sensor/gate_person_latency",
    "sensor/gate_person_drop-ratio",
  ]);
  for (const [name, json] of configs) {
    const [component = "", object = ""] = name.split("/");
    assert.match(object, /^[a-zA-Z0-9_-]+$/);
    within(DOCUMENTED[component] ?? [], json, name);
    within(DEVICE, json["device"], name);
    within(ORIGIN, json["origin"], name);
    assert.equal(json["device"]["configuration_url"], "http://192.0.2.5:8080/");
    if (object === "_connectivity") continue;
    assert.equal(json["device"]["via_device"], "orion/lobby-1");
    const { availability } = json;
    assert.ok(Array.isArray(availability));
    for (const each of availability) within(AVAILABILITY, each, name);
    const topics = availability.map(({ topic }) => topic);
    const ofCamera = object === "gate_connectivity" ? [] : ["orion/lobby-1/cameras/gate/status"];
    assert.deepEqual(topics, [STATUS, ...ofCamera], name);
  }
  const unique = new Set([...configs.values()].map(({ unique_id }) => unique_id));
  assert.equal(unique.size, configs.size);
});

Deno.test("home assistant: entities read what presence and health publish, none a single frame", () => {
  const configs = configsOf(planOf({ snapshot: "frame", zones: [zone("door")] }));
  const topic = (name: string) => {
    const json = configs.get(name);
    return json?.["state_topic"] ?? json?.["image_topic"];
  };
  assert.equal(topic("binary_sensor/gate_person_occupancy"), "orion/lobby-1/occupancy/gate/all");
  assert.equal(topic("sensor/gate_door_person_count"), "orion/lobby-1/occupancy/gate/door");
  assert.equal(topic("image/gate_person_picture"), "orion/lobby-1/pictures/gate/person");
  assert.equal(topic("event/gate_presence"), "orion/lobby-1/presence/gate");
  assert.equal(topic("switch/gate_detect"), "orion/lobby-1/cameras/gate/detect");
  assert.equal(topic("number/gate_person_rate"), "orion/lobby-1/health");
  assert.equal(topic("sensor/gate_person_latency"), "orion/lobby-1/health");
  assert.equal(
    configs.get("switch/gate_detect")?.["command_topic"],
    `${topic("switch/gate_detect")}/set`,
  );
  assert.equal(configs.get("button/gate_snapshot")?.["command_topic"], "orion/lobby-1/control");
  for (const [name, json] of configs) {
    assert.ok(!JSON.stringify(json).includes("/inferences/"), name);
  }
});

Deno.test("home assistant: no picture is announced unless pictures may leave", () => {
  assert.deepEqual([...configsOf(planOf()).keys()].filter((name) => name.startsWith("image/")), []);
});

Deno.test("home assistant: without presence a camera has its connection, figures and settings", () => {
  assert.deepEqual([...configsOf(planOf({ presence: false })).keys()], [
    "binary_sensor/_connectivity",
    "binary_sensor/gate_connectivity",
    "switch/gate_detect",
    "number/gate_person_rate",
    "number/gate_person_confidence",
    "button/gate_snapshot",
    "sensor/gate_fps",
    "sensor/gate_person_latency",
    "sensor/gate_person_drop-ratio",
  ]);
});

Deno.test("home assistant: what a command may not change has no control", () => {
  const controls = (allow: HomeAssistantPlan["allow"]) =>
    [...configsOf(planOf({ homeAssistant: { allow } })).keys()]
      .filter((name) => /^(?:switch|number|button)/.test(name));
  assert.deepEqual(controls(["get_status"]), []);
  assert.deepEqual(controls(["pause", "resume"]), ["switch/gate_detect"]);
  assert.deepEqual(controls(["set_rate", "pause"]), ["number/gate_person_rate"]);
});

Deno.test("home assistant: each class has entities, and where more may come there are those of any", () => {
  const shown = (
    classes: readonly string[],
    hasAllClasses: boolean,
    zones: Scene["zones"] = [],
  ) => {
    const detectors = [{ detector: "person", confidence: 0.4, classes, hasAllClasses }];
    const cameras = [{ camera: "gate", detectors }];
    const configs = configsOf(planOf({ homeAssistant: { cameras }, zones }));
    return [...configs].filter(([name]) => name.endsWith("_occupancy"))
      .map(([name, { name: shown }]) => `${name.split("/gate_")[1]}: ${shown}`);
  };
  assert.deepEqual(shown(["person"], true), ["person_occupancy: Person"]);
  assert.deepEqual(shown([], false), ["any_occupancy: Occupancy"]);
  assert.deepEqual(shown(["person", "traffic light"], true), [
    "person_occupancy: Person",
    "traffic-light_occupancy: Traffic light",
    "any_occupancy: Occupancy",
  ]);
  assert.deepEqual(shown(["any", "ä b", "a/b", "a b"], true).map((text) => text.split("_")[0]), [
    ...["any-2", "-b", "a-b", "a-b-2", "any"],
  ]);
  assert.deepEqual(shown(["car", "bus"], true, [zone("front-door", ["bus", "dog"])]).slice(3), [
    "front-door_bus_occupancy: Front door bus",
  ]);
  assert.deepEqual(shown([], false, [zone("path"), zone("door", ["dog", "cat"])]).slice(1), [
    "path_any_occupancy: Path occupancy",
    "door_dog_occupancy: Door dog",
    "door_cat_occupancy: Door cat",
    "door_any_occupancy: Door occupancy",
  ]);
});

Deno.test("home assistant: names of classes cannot break out of a template", () => {
  const classes = ['it\'s "so" }} {% x', "\\"];
  const detectors = [{ detector: "person", confidence: 0.4, classes, hasAllClasses: true }];
  const configs = configsOf(
    planOf({ homeAssistant: { cameras: [{ camera: "gate", detectors }] } }),
  );
  const counts = [...configs].filter(([name]) => name.endsWith("_count"))
    .map(([, json]) => json["value_template"]);
  assert.deepEqual(counts, [
    '{{ value_json.counts.get("it\'s \\"so\\" }} {% x", 0) }}',
    '{{ value_json.counts.get("\\\\", 0) }}',
    "{{ value_json.counts.values() | sum }}",
  ]);
});

Deno.test("home assistant: entities of earlier versions keep their unique ids, and the device its own", () => {
  const configs = configsOf(planOf());
  const former = formerConfigs("gate");
  const ids = (all: Iterable<Json>) =>
    [...all].map((json) => json["unique_id"]).filter((id) => String(id).startsWith("orion-"))
      .toSorted();
  assert.deepEqual(
    ids(configs.values()),
    ids([...former.values()].map((each) => JSON.parse(each))),
  );
  const device = configs.get("binary_sensor/gate_connectivity")?.["device"];
  within(DEVICE, device, "device");
  assert.deepEqual(device["identifiers"], ["orion-lobby-1-gate"]);
});

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
  assert.deepEqual(link.subscribed.slice(3).map(({ filter }) => filter), [
    "orion/lobby-1/control",
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
  assert.equal(link.subscribed.length, 1);
});
