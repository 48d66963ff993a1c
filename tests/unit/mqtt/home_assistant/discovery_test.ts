import assert from "node:assert/strict";
import type { Scene } from "../../../../src/core/presence_types.ts";
import type { HomeAssistantPlan } from "../../../../src/core/publisher_types.ts";
import { configsOf, formerConfigs, planOf, zone } from "../../../support/home_assistant/plans.ts";
import type { Json } from "../../../support/home_assistant/socket.ts";

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

function within(keys: readonly string[], value: unknown, what: string): asserts value is Json {
  assert.ok(typeof value === "object" && value !== null, what);
  for (const key of Object.keys(value)) assert.ok(keys.includes(key), `${what}: ${key}`);
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
