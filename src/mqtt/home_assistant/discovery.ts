/**
 * Home Assistant's MQTT discovery: one retained configuration for each entity, under the discovery prefix.
 * Keys as in the documentation of its MQTT integration.
 */
import type { Scene } from "../../core/presence_types.ts";
import type { HomeAssistantCamera, PublisherPlan } from "../../core/publisher_types.ts";
import { rootTopic, type Topics } from "../topics.ts";
import {
  available,
  type CameraContext,
  cameraDevice,
  type Entity,
  formerNode,
  instanceDevice,
  originOf,
} from "./announcement.ts";
import { connectivityEntity, figureEntities, settingEntities } from "./camera_entities.ts";
import { presenceEntities, type PresentDetector } from "./presence_entities.ts";
import { onIf } from "./templates.ts";

/** The object id of the instance's own entity; those of the cameras start with an id, which has no `_`. */
const INSTANCE_OBJECT = "_connectivity";

/** The configurations of one instance. */
export interface Discovery {
  /** Payloads by topic, the instance's own first. */
  readonly configs: ReadonlyMap<string, string>;
  readonly uniqueIds: ReadonlySet<unknown>;
  /** The topic filter of this instance's configurations, those of removed cameras included. */
  readonly filter: string;
  /** The same of earlier versions. */
  readonly formerFilter: string;
}

/**
 * Builds the configurations for a plan; null when discovery is off.
 * @param scenes  the zones as they are now
 */
export function discoveryOf(
  plan: PublisherPlan,
  topics: Topics,
  scenes: readonly Scene[] = plan.presence.scenes,
): Discovery | null {
  const { homeAssistant, instance } = plan;
  if (homeAssistant === null) return null;
  const { discoveryPrefix } = homeAssistant;
  const configs = new Map<string, string>();
  const uniqueIds = new Set<unknown>();
  const add = (component: string, object: string, config: Readonly<Record<string, unknown>>) => {
    const topic = `${discoveryPrefix}/${component}/${instance}/${object}/config`;
    const { unique_id = `${rootTopic(plan)}/${object}` } = config;
    uniqueIds.add(unique_id);
    configs.set(topic, JSON.stringify({ ...config, qos: 1, unique_id, origin: originOf(plan) }));
  };
  add("binary_sensor", INSTANCE_OBJECT, {
    name: "Connectivity",
    device_class: "connectivity",
    entity_category: "diagnostic",
    state_topic: topics.status,
    value_template: onIf("value_json.state == 'online'"),
    device: instanceDevice(plan, homeAssistant),
  });
  for (const shown of homeAssistant.cameras) {
    const { camera } = shown;
    const context = { camera, topics, plan, homeAssistant };
    const scene = scenes.find((each) => each.camera === camera) ?? null;
    const device = cameraDevice(context);
    for (const entity of entitiesOf(context, shown, scene)) {
      const { component, parts, name, formerId, config } = entity;
      add(component, [camera, ...parts].join("_"), {
        name,
        ...formerId === undefined ? {} : { unique_id: `${formerNode(plan)}-${formerId}` },
        ...config,
        ...availability(context, entity),
        device,
      });
    }
  }
  return {
    configs,
    uniqueIds,
    filter: `${discoveryPrefix}/+/${instance}/+/config`,
    formerFilter: `${discoveryPrefix}/+/${formerNode(plan)}/+/config`,
  };
}

function entitiesOf(
  context: CameraContext,
  { camera, detectors }: HomeAssistantCamera,
  scene: Scene | null,
): Entity[] {
  const present = detectors.flatMap((shown): PresentDetector[] => {
    const presence = context.plan.presence.detectors.find(({ detector, cameras }) =>
      detector === shown.detector && cameras.includes(camera)
    );
    return presence === undefined ? [] : [{ shown, presence }];
  });
  return [
    connectivityEntity(context),
    ...presenceEntities(context, present, scene),
    ...settingEntities(context, detectors),
    ...figureEntities(context, detectors),
  ];
}

/** All is known only while both Orion and the camera are online; the connection whenever Orion is. */
function availability({ camera, topics }: CameraContext, { parts }: Entity) {
  const ofOrion = available(topics.status);
  if (parts[0] === "connectivity") return { availability: [ofOrion] };
  return {
    availability: [ofOrion, available(topics.camera(camera))],
    availability_mode: "all",
  };
}
