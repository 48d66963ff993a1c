/** Plans whose cameras Home Assistant shows, and what an earlier version announced for them. */
import assert from "node:assert/strict";
import type { PresencePlan, Scene, SnapshotMode, Zone } from "../../../src/core/presence_types.ts";
import type { HomeAssistantPlan, PublisherPlan } from "../../../src/core/publisher_types.ts";
import { discoveryOf } from "../../../src/mqtt/home_assistant/discovery.ts";
import { topicsOf } from "../../../src/mqtt/topics.ts";
import { publisherPlan } from "../workers/publisher_worker.ts";
import type { Json } from "./socket.ts";

/** Cameras with a detector `person` each. */
export function homeAssistantPlan(...cameras: readonly string[]): HomeAssistantPlan {
  const detectors = [
    { detector: "person", confidence: 0.4, classes: ["person"], hasAllClasses: true },
  ];
  return {
    discoveryPrefix: "homeassistant",
    pageUrl: "http://192.0.2.5:8080/",
    allow: null,
    cameras: cameras.map((camera) => ({ camera, detectors })),
  };
}

/** The presence of that detector, with the same zones at every camera. */
export function presencePlan(
  cameras: readonly string[],
  snapshot: SnapshotMode = "none",
  zones: readonly Zone[] = [],
): PresencePlan {
  const settings = { start: { frames: 2, of: 3 }, endSeconds: 5, updateSeconds: 0, snapshot };
  return {
    detectors: [{ detector: "person", cameras, settings }],
    scenes: cameras.map((camera) => ({ camera, zones, lines: [] })),
  };
}

/** The plan of a publisher with the camera `gate`. */
export function planOf(
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
export function configsOf(plan: PublisherPlan): Map<string, Json> {
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

/** A zone that is half of the picture. */
export function zone(id: string, classes: readonly string[] | null = null): Scene["zones"][number] {
  return { id, classes, polygon: [{ x: 0, y: 0 }, { x: 1, y: 0 }, { x: 1, y: 1 }] };
}

/** The configurations of version 0.1.0 by topic, for the instance `lobby-1` below `orion`. */
export function formerConfigs(camera: string): ReadonlyMap<string, string> {
  const root = "orion/lobby-1";
  const available = (topic: string) => ({
    topic,
    value_template: "{{ 'online' if value_json.state == 'online' else 'offline' }}",
    payload_available: "online",
    payload_not_available: "offline",
  });
  const common = {
    origin: { name: "Orion", sw_version: "0.1.0" },
    device: {
      identifiers: [`orion-lobby-1-${camera}`],
      name: `lobby-1 ${camera}`,
      manufacturer: "Orion",
      model: "Camera",
      sw_version: "0.1.0",
    },
  };
  const persons = "value_json.detections | selectattr('class', 'eq', 'person') | list | count";
  const state = {
    ...common,
    availability: [available(`${root}/status`), available(`${root}/cameras/${camera}/status`)],
    availability_mode: "all",
    state_topic: `${root}/inferences/${camera}/person`,
    expire_after: 60,
  };
  const configs: readonly [component: string, object: string, config: object][] = [
    ["binary_sensor", "connectivity", {
      ...common,
      name: "Connectivity",
      device_class: "connectivity",
      entity_category: "diagnostic",
      state_topic: `${root}/cameras/${camera}/status`,
      value_template: "{{ 'ON' if value_json.state == 'online' else 'OFF' }}",
      availability: [available(`${root}/status`)],
    }],
    ["binary_sensor", "person", {
      ...state,
      name: "Person",
      device_class: "occupancy",
      value_template: `{{ 'ON' if ${persons} > 0 else 'OFF' }}`,
    }],
    ["sensor", "person-count", {
      ...state,
      name: "Person count",
      icon: "mdi:account-group",
      state_class: "measurement",
      value_template: `{{ ${persons} }}`,
    }],
  ];
  return new Map(configs.map(([component, object, config]) => [
    `homeassistant/${component}/orion-lobby-1/${camera}-${object}/config`,
    JSON.stringify({ ...config, unique_id: `orion-lobby-1-${camera}-${object}` }),
  ]));
}
