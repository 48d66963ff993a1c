/** Orion's entities in a real Home Assistant, and its blueprints. */
import assert from "node:assert/strict";
import { wallMs } from "../../src/core/clock.ts";
import type { CommandRequest } from "../../src/core/commands.ts";
import { Mosquitto } from "../support/brokers/mosquitto.ts";
import { retain } from "../support/brokers/retain.ts";
import { HomeAssistant } from "../support/home_assistant/home_assistant.ts";
import {
  health,
  occupancy,
  P,
  presence,
  publishPicture,
} from "../support/home_assistant/messages.ts";
import { formerConfigs, homeAssistantPlan, presencePlan } from "../support/home_assistant/plans.ts";
import { ROOT } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import {
  publisherPlan,
  type PublisherWorker,
  publisherWorker,
} from "../support/workers/publisher_worker.ts";

const ignore = ignoreWithout("home-assistant", "mosquitto");

/** What Home Assistant makes of `lobby-1 gate`. */
const GATE = "lobby_1_gate";

const ZONES = [{
  id: "door",
  classes: null,
  polygon: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }],
}];

/** The publisher of a camera with pictures and a zone, its status published as online. */
function startPublisher(broker: Mosquitto): PublisherWorker {
  const worker = publisherWorker(`127.0.0.1:${broker.port}`);
  const plan = {
    ...publisherPlan(broker.url),
    homeAssistant: homeAssistantPlan("gate"),
    presence: presencePlan(["gate"], "crop", ZONES),
  };
  worker.send({ kind: "start", plan });
  const status = { camera: "gate", state: "online", sinceMs: wallMs(0) } as const;
  worker.send({ kind: "camera", status: { ...status, reason: null, reconnects: 0 } });
  return worker;
}

async function stopPublisher(worker: PublisherWorker): Promise<void> {
  worker.send({ kind: "stop" });
  await worker.waitFor(({ kind }) => kind === "stopped");
}

const ENTITIES = [
  `binary_sensor.${GATE}_connectivity`,
  `binary_sensor.${GATE}_door_person`,
  `binary_sensor.${GATE}_person`,
  "binary_sensor.orion_lobby_1_connectivity",
  `button.${GATE}_snapshot`,
  `event.${GATE}_presence`,
  `image.${GATE}_person_picture`,
  `number.${GATE}_person_confidence`,
  `number.${GATE}_person_rate`,
  `sensor.${GATE}_door_person_count`,
  `sensor.${GATE}_frame_rate`,
  `sensor.${GATE}_person_count`,
  `sensor.${GATE}_person_drop_ratio`,
  `sensor.${GATE}_person_latency`,
  `switch.${GATE}_detect`,
];

async function devicesAndEntities(home: HomeAssistant): Promise<void> {
  const states = await home.waitFor(
    "every entity",
    (states) =>
      ENTITIES.every((entity) => states.has(entity)) &&
      states.get(`binary_sensor.${GATE}_connectivity`)?.state === "on",
  );
  assert.deepEqual(
    [...states.keys()].filter((name) => name.includes("lobby_1")).toSorted(),
    ENTITIES,
  );
  assert.equal(states.get("binary_sensor.orion_lobby_1_connectivity")?.state, "on");
  const devices = await home.list("config/device_registry/list");
  const instance = devices.find(({ name }) => name === "Orion lobby-1");
  const camera = devices.find(({ name }) => name === "lobby-1 gate");
  assert.ok(instance !== undefined && camera !== undefined);
  assert.equal(camera["via_device_id"], instance["id"]);
  assert.equal(camera["configuration_url"], "http://192.0.2.5:8080/");
}

async function presenceStates(home: HomeAssistant, broker: Mosquitto): Promise<void> {
  await retain(broker, `${P}/occupancy/gate/all`, occupancy("all", { person: 2 }));
  await retain(broker, `${P}/occupancy/gate/door`, occupancy("door", {}));
  await home.waitForState(`binary_sensor.${GATE}_person`, "on");
  await home.waitForState(`sensor.${GATE}_person_count`, "2");
  await home.waitForState(`binary_sensor.${GATE}_door_person`, "off");
  await home.waitForState(`sensor.${GATE}_door_person_count`, "0");
  // Home Assistant subscribes some time after it has made an entity.
  await broker.waitForLog((line) => line.endsWith(`${P}/presence/gate (QoS 1)`), "a subscription");
  for (const type of ["start", "update", "end"]) {
    await broker.publish(`${P}/presence/gate`, presence("01JD8Q", type, ["door"]));
    const states = await home.waitFor(
      `the ${type}`,
      (states) => states.get(`event.${GATE}_presence`)?.attributes["event_type"] === type,
    );
    const attributes = states.get(`event.${GATE}_presence`)?.attributes;
    assert.ok(attributes !== undefined);
    assert.equal(attributes["id"], "01JD8Q");
    assert.deepEqual(attributes["zones"], { current: ["door"], visited: ["door"] });
    assert.equal(attributes["confidence"], 0.91);
    assert.ok(JSON.stringify(attributes).length < 4_096, "without the picture");
  }
  const bytes = await publishPicture(broker);
  await home.waitFor(
    "the picture",
    (states) =>
      !["unknown", "unavailable"].includes(
        states.get(`image.${GATE}_person_picture`)?.state ?? "unknown",
      ),
  );
  const response = await home.fetch(`/api/image_proxy/image.${GATE}_person_picture`);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
}

async function figures(home: HomeAssistant, worker: PublisherWorker): Promise<void> {
  worker.send({ kind: "health", health: { ...health(5) } });
  await home.waitForState(`sensor.${GATE}_frame_rate`, "25.02");
  await home.waitForState(`sensor.${GATE}_person_latency`, "25.0");
  await home.waitForState(`sensor.${GATE}_person_drop_ratio`, "83.3");
  await home.waitForState(`number.${GATE}_person_rate`, "5");
  await home.waitForState(`number.${GATE}_person_confidence`, "0.4");
  const changed = [
    { setting: "confidence", camera: null, detector: "car", value: 0.9, since: "" },
    { setting: "confidence", camera: null, detector: "person", value: 0.55, since: "" },
  ];
  worker.send({ kind: "health", health: { ...health(null, changed) } });
  await home.waitForState(`number.${GATE}_person_confidence`, "0.55");
  await home.waitForState(`number.${GATE}_person_rate`, "unknown");
}

async function controls(
  home: HomeAssistant,
  broker: Mosquitto,
  worker: PublisherWorker,
): Promise<void> {
  const command = async (name: string): Promise<CommandRequest> => {
    const found = await worker.waitFor((each) =>
      each.kind === "command" && each.request.command.command === name
    );
    assert.ok(found.kind === "command");
    return found.request;
  };
  await home.call("number", "set_value", { entity_id: `number.${GATE}_person_rate`, value: 2.5 });
  assert.deepEqual((await command("set_rate")).command, {
    command: "set_rate",
    detector: "person",
    camera: "gate",
    rateHz: 2.5,
  });
  await home.call("number", "set_value", {
    entity_id: `number.${GATE}_person_confidence`,
    value: 0.6,
  });
  assert.deepEqual((await command("set_confidence")).command, {
    command: "set_confidence",
    detector: "person",
    confidence: 0.6,
  });
  await home.call("button", "press", { entity_id: `button.${GATE}_snapshot` });
  const { id, command: snapshot } = await command("snapshot");
  assert.deepEqual([id, snapshot], [null, { command: "snapshot", camera: "gate", boxes: false }]);
  await retain(broker, `${P}/cameras/gate/detect`, "ON");
  await home.waitForState(`switch.${GATE}_detect`, "on");
  await using subscriber = await broker.subscribe(`${P}/cameras/gate/detect/set`);
  await home.call("switch", "turn_off", { entity_id: `switch.${GATE}_detect` });
  assert.equal((await subscriber.waitFor(() => true)).payload, "OFF");
  await retain(broker, `${P}/cameras/gate/detect`, "OFF");
  await home.waitForState(`switch.${GATE}_detect`, "off");
}

const BLUEPRINTS = ["orion_light.yaml", "orion_notify.yaml"];

function blueprints(): Record<string, string> {
  const folder = `${ROOT}/packaging/home-assistant/blueprints`;
  return Object.fromEntries(
    BLUEPRINTS.map((
      name,
    ) => [`automation/orion/${name}`, Deno.readTextFileSync(`${folder}/${name}`)]),
  );
}

async function automations(home: HomeAssistant, broker: Mosquitto): Promise<void> {
  const lamp = {
    ...{ name: null, unique_id: "lamp", command_topic: "lamp/set", state_topic: "lamp" },
    device: { identifiers: ["lamp"], name: "Lamp" },
  };
  await retain(broker, "homeassistant/light/test/lamp/config", JSON.stringify(lamp));
  await home.waitFor("the lamp", (states) => states.has("light.lamp"));
  await retain(broker, `${P}/occupancy/gate/door`, occupancy("door", {}));
  await home.automate("door_light", "orion/orion_light.yaml", {
    occupancy: `binary_sensor.${GATE}_door_person`,
    light: { entity_id: "light.lamp" },
    seconds: 0,
  });
  await using subscriber = await broker.subscribe("lamp/set");
  await retain(broker, `${P}/occupancy/gate/door`, occupancy("door", { person: 1 }));
  await subscriber.waitFor(({ payload }) => payload === "ON");
  await retain(broker, `${P}/occupancy/gate/door`, occupancy("door", { person: 0 }));
  await subscriber.waitFor(({ payload }) => payload === "OFF");

  await home.automate("notify", "orion/orion_notify.yaml", {
    topic: `${P}/presence/gate`,
    picture: `image.${GATE}_person_picture`,
    zone: "door",
    notify: "notify.persistent_notification",
  });
  await home.command("subscribe_events", { event_type: "call_service" });
  await broker.publish(`${P}/presence/gate`, presence("elsewhere", "start", []));
  await broker.publish(`${P}/presence/gate`, presence("late", "end", ["door"]));
  await broker.publish(`${P}/presence/gate`, presence("first", "start", ["door"]));
  await publishPicture(broker);
  const calls = () =>
    home.socket.events.map(({ data }) => JSON.stringify(data))
      .filter((text) => text.includes('"persistent_notification"') && text.includes('"message"'));
  await home.waitForEvents("a notification", () => calls().length > 0);
  const [call = ""] = calls();
  assert.match(call, /"Person at door"/);
  assert.match(call, /"tag":"first"/);
  assert.match(call, /"image":"\/api\/image_proxy\/image\.lobby_1_gate_person_picture\?token=/);
  assert.equal(calls().length, 1);
}

Deno.test({
  name: "home assistant: it shows every entity, its states, and sends what Orion understands",
  ignore,
  async fn(test) {
    await using broker = await Mosquitto.start();
    using worker = startPublisher(broker);
    const online = { entity: `binary_sensor.${GATE}_connectivity`, state: "on" };
    await using home = await HomeAssistant.startWithMqtt(broker.port, online, blueprints());
    await test.step("devices and entities", () => devicesAndEntities(home));
    await test.step("states from presence", () => presenceStates(home, broker));
    await test.step("figures from the health", () => figures(home, worker));
    await test.step("controls", () => controls(home, broker, worker));
    await test.step("blueprints", () => automations(home, broker));
    await stopPublisher(worker);
    for (const entity of ENTITIES.filter((entity) => !entity.includes("orion_lobby_1"))) {
      await home.waitForState(entity, "unavailable");
    }
    await home.waitForState("binary_sensor.orion_lobby_1_connectivity", "off");
    assert.deepEqual(home.complaints(), []);
  },
});

Deno.test({
  name: "home assistant: entities of an earlier version keep what a person has set",
  ignore,
  async fn() {
    await using broker = await Mosquitto.start();
    for (const [topic, payload] of formerConfigs("gate")) await retain(broker, topic, payload);
    await using home = await HomeAssistant.start();
    await home.addMqtt(broker.port);
    const person = `binary_sensor.${GATE}_person`;
    const count = `sensor.${GATE}_person_count`;
    await home.waitFor("the former entities", (states) => states.has(person) && states.has(count));
    await home.command("config/entity_registry/update", {
      entity_id: person,
      new_entity_id: "binary_sensor.hall",
      name: "Hall",
    });
    using worker = startPublisher(broker);
    await home.waitFor("the last entity", (states) => states.has(`button.${GATE}_snapshot`));
    await retain(broker, `${P}/occupancy/gate/all`, occupancy("all", { person: 3 }));
    await home.waitForState("binary_sensor.hall", "on");
    await home.waitForState(count, "3");
    await home.waitForState(`binary_sensor.${GATE}_connectivity`, "on");
    const registry = await home.list("config/entity_registry/list");
    const hall = registry.find(({ entity_id }) => entity_id === "binary_sensor.hall");
    assert.deepEqual([hall?.["unique_id"], hall?.["name"]], ["orion-lobby-1-gate-person", "Hall"]);
    const states = await home.states();
    assert.ok(states.every(({ entity }) => entity !== person));
    await stopPublisher(worker);
    assert.deepEqual(home.complaints(), []);
  },
});
