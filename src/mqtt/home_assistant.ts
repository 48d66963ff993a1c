/**
 * What Home Assistant needs to find the cameras by itself: one retained configuration for each entity,
 * under its discovery prefix. Keys as in Home Assistant's documentation of its MQTT integration
 * (discovery, binary sensor, sensor).
 */
import type { PublisherPlan } from "../core/publisher_types.ts";
import type { Topics } from "./topics.ts";

/** Without an inference message for so long nobody knows who is there. */
const EXPIRE_AFTER_SECONDS = 60;

/** Persons in an inference message, as a template. */
const PERSONS = "value_json.detections | selectattr('class', 'eq', 'person') | list | count";

/** The configurations of one instance. */
export interface Discovery {
  /** Topic to payload. */
  readonly configs: ReadonlyMap<string, string>;
  /** Matches the topics of this instance, those of cameras that are gone included. */
  readonly filter: string;
  /** Whether a topic is one that this instance published, now or before. */
  owns(topic: string): boolean;
}

/** The configurations for a plan, or null when Home Assistant is not to be told. */
export function discoveryOf(plan: PublisherPlan, topics: Topics): Discovery | null {
  const { homeAssistant } = plan;
  if (homeAssistant === null) return null;
  const node = `${plan.topicPrefix}-${plan.instance}`.replace(/[^A-Za-z0-9_-]/g, "_");
  const { discoveryPrefix } = homeAssistant;
  const configs = new Map<string, string>();
  const add = (component: string, object: string, config: Readonly<Record<string, unknown>>) => {
    const topic = `${discoveryPrefix}/${component}/${node}/${object}/config`;
    configs.set(topic, JSON.stringify({ ...config, unique_id: `${node}-${object}` }));
  };
  for (const { camera, personDetector } of homeAssistant.cameras) {
    const common = { origin: origin(plan), device: device(plan, node, camera) };
    add("binary_sensor", `${camera}-connectivity`, {
      ...common,
      ...connectivity(topics, camera),
    });
    if (personDetector === null) continue;
    const state = {
      ...common,
      ...whileOnline(topics, camera),
      state_topic: topics.inference(camera, personDetector),
      expire_after: EXPIRE_AFTER_SECONDS,
    };
    add("binary_sensor", `${camera}-person`, {
      ...state,
      name: "Person",
      device_class: "occupancy",
      value_template: `{{ 'ON' if ${PERSONS} > 0 else 'OFF' }}`,
    });
    add("sensor", `${camera}-person-count`, {
      ...state,
      name: "Person count",
      icon: "mdi:account-group",
      state_class: "measurement",
      value_template: `{{ ${PERSONS} }}`,
    });
  }
  return {
    configs,
    filter: `${discoveryPrefix}/+/${node}/+/config`,
    owns(topic) {
      const [object, ofNode] = [topic.slice(discoveryPrefix.length + 1), `/${node}/`];
      return topic.startsWith(`${discoveryPrefix}/`) && object.includes(ofNode) &&
        object.endsWith("/config");
    },
  };
}

function connectivity(topics: Topics, camera: string) {
  return {
    name: "Connectivity",
    device_class: "connectivity",
    entity_category: "diagnostic",
    state_topic: topics.camera(camera),
    value_template: "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
    availability: [available(topics.status)],
  };
}

/** What is seen is known only while Orion and the camera are there. */
function whileOnline(topics: Topics, camera: string) {
  return {
    availability: [available(topics.status), available(topics.camera(camera))],
    availability_mode: "all",
  };
}

/** `status` falls to offline by the last will when Orion vanishes. */
function available(topic: string) {
  return {
    topic,
    value_template: "{{ 'online' if value_json.state == 'online' else 'offline' }}",
    payload_available: "online",
    payload_not_available: "offline",
  };
}

function origin(plan: PublisherPlan) {
  return { name: "Orion", sw_version: plan.version };
}

function device(plan: PublisherPlan, node: string, camera: string) {
  return {
    identifiers: [`${node}-${camera}`],
    name: `${plan.instance} ${camera}`,
    manufacturer: "Orion",
    model: "Camera",
    sw_version: plan.version,
  };
}
