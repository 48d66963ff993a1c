import assert from "node:assert/strict";
import { rig } from "./publisher_rig.ts";

/**
 * The keys that Home Assistant documents for entities of these components, as far as Orion may use them:
 * pages "MQTT", "Binary sensor" and "Sensor" of its documentation, MQTT discovery included.
 */
const COMMON = [
  ...["availability", "availability_mode", "device", "device_class", "enabled_by_default"],
  ...["entity_category", "entity_picture", "expire_after", "force_update", "icon"],
  ...["json_attributes_template", "json_attributes_topic", "name", "origin", "qos", "state_topic"],
  ...["unique_id", "value_template", "encoding"],
];
const DOCUMENTED: Readonly<Record<string, readonly string[]>> = {
  binary_sensor: [...COMMON, "off_delay", "payload_off", "payload_on"],
  sensor: [
    ...COMMON,
    ...["last_reset_value_template", "options", "state_class", "suggested_display_precision"],
    "unit_of_measurement",
  ],
};
const AVAILABILITY = ["topic", "payload_available", "payload_not_available", "value_template"];
const DEVICE = [
  ...["configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model"],
  ...["model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"],
];
const ORIGIN = ["name", "sw_version", "support_url"];

const homeAssistant = {
  discoveryPrefix: "homeassistant",
  cameras: [
    { camera: "gate", personDetector: "person" },
    { camera: "yard", personDetector: null },
  ],
};

interface Config {
  readonly topic: string;
  readonly component: string;
  readonly json: Readonly<Record<string, unknown>>;
}

function started() {
  const parts = rig({ plan: { homeAssistant } });
  parts.link.connect();
  const configs = (): Config[] =>
    parts.link.sent.filter(({ message }) => message.topic.startsWith("homeassistant/"))
      .map(({ message: { topic, payload, retain, qos } }) => {
        assert.ok(retain && qos === 1, topic);
        const json = payload === "" ? {} : JSON.parse(payload);
        return { topic, component: topic.split("/")[1] ?? "", json };
      });
  return { ...parts, configs };
}

function within(keys: readonly string[], value: unknown, what: string): void {
  assert.ok(typeof value === "object" && value !== null, what);
  for (const key of Object.keys(value)) assert.ok(keys.includes(key), `${what}: ${key}`);
}

Deno.test("home assistant: every camera is announced, with documented keys only", () => {
  const { configs } = started();
  assert.deepEqual(configs().map(({ topic }) => topic), [
    "homeassistant/binary_sensor/orion-lobby-1/gate-connectivity/config",
    "homeassistant/binary_sensor/orion-lobby-1/gate-person/config",
    "homeassistant/sensor/orion-lobby-1/gate-person-count/config",
    "homeassistant/binary_sensor/orion-lobby-1/yard-connectivity/config",
  ]);
  for (const { topic, component, json } of configs()) {
    assert.match(topic, /^[^/]+\/[a-z_]+\/[A-Za-z0-9_-]+\/[A-Za-z0-9_-]+\/config$/);
    within(DOCUMENTED[component] ?? [], json, topic);
    within(DEVICE, json["device"], topic);
    within(ORIGIN, json["origin"], topic);
    assert.ok(Array.isArray(json["availability"]));
    for (const each of json["availability"]) within(AVAILABILITY, each, topic);
    assert.equal(json["availability"][0].topic, "orion/lobby-1/status", "the topic of the will");
  }
  const unique = new Set(configs().map(({ json }) => json["unique_id"]));
  assert.equal(unique.size, 4);
});

Deno.test("home assistant: entities read what Orion publishes", () => {
  const { configs } = started();
  const [connectivity, person, count] = configs().map(({ json }) => json);
  assert.equal(connectivity?.["device_class"], "connectivity");
  assert.equal(connectivity?.["state_topic"], "orion/lobby-1/cameras/gate/status");
  assert.equal(person?.["device_class"], "occupancy");
  assert.equal(person?.["state_topic"], "orion/lobby-1/inferences/gate/person");
  assert.equal(count?.["state_topic"], "orion/lobby-1/inferences/gate/person");
  assert.equal(count?.["state_class"], "measurement");
  assert.deepEqual(person?.["device"], connectivity?.["device"], "one device for each camera");
});

Deno.test("home assistant: the configuration of a removed camera is deleted, all others stay", () => {
  const { configs, link } = started();
  assert.deepEqual(link.subscribed.map(({ filter }) => filter), [
    "orion/lobby-1/control",
    "orion/lobby-1/cameras/+/detect/set",
    "homeassistant/+/orion-lobby-1/+/config",
  ]);
  const before = configs().length;
  const gone = "homeassistant/sensor/orion-lobby-1/shed-person-count/config";
  link.receive(gone, '{"name":"Person count"}', true);
  link.receive(gone, "", false);
  const ours = configs()[0]?.topic ?? "";
  link.receive(ours, "{}", true);
  link.receive("homeassistant/sensor/orion-lobby-2/gate-person-count/config", "{}", true);
  assert.deepEqual(configs().slice(before).map(({ topic }) => topic), [gone]);
  assert.equal(link.sent.at(-1)?.message.payload, "");
  link.disconnect();
  link.connect();
  assert.equal(configs().length, before, "a deleted configuration is not deleted again");
});

Deno.test("home assistant: nothing is announced unless discovery is on", () => {
  const { link } = rig();
  link.connect();
  assert.deepEqual(link.topics(), ["status"]);
  assert.equal(link.subscribed.length, 2);
});
