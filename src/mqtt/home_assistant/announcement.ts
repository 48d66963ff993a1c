/** What all entities of Home Assistant have: their names, ids, devices, and when they are available. */
import type { ControlCommand } from "../../core/commands.ts";
import type { HomeAssistantPlan, PublisherPlan } from "../../core/publisher_types.ts";
import { rootTopic, type Topics } from "../topics.ts";
import { AVAILABLE } from "./templates.ts";

export const ORIGIN_NAME = "Orion";

/** The keys of one entity's configuration, as Home Assistant's MQTT integration documents them. */
export type EntityConfig = Readonly<Record<string, unknown>>;

/** One entity. */
export interface Entity {
  readonly component:
    | ("binary_sensor" | "sensor" | "switch" | "number")
    | ("image" | "button" | "event");
  /** The parts of its object id after the camera; ids hold no underscore, so it separates them. */
  readonly parts: readonly string[];
  readonly name: string;
  /** Its unique id in versions that had it, so that Home Assistant knows it again. */
  readonly formerId?: string;
  readonly config: EntityConfig;
}

/** What the entities of one camera are made of. */
export interface CameraContext {
  readonly camera: string;
  readonly topics: Topics;
  readonly plan: PublisherPlan;
  readonly homeAssistant: HomeAssistantPlan;
}

/** Whether the configuration permits a command. */
export function isAllowed(
  { allow }: HomeAssistantPlan,
  ...commands: readonly ControlCommand["command"][]
): boolean {
  return allow === null || commands.every((command) => allow.includes(command));
}

/** The node of earlier versions, whose topics they announced entities on; it is part of some ids still. */
export function formerNode({ topicPrefix, instance }: PublisherPlan): string {
  return `${topicPrefix}-${instance}`.replace(/[^A-Za-z0-9_-]/g, "_");
}

/** When Orion dies the broker publishes `offline` to the status, as its will. */
export function available(topic: string): EntityConfig {
  return {
    topic,
    value_template: AVAILABLE,
    payload_available: "online",
    payload_not_available: "offline",
  };
}

/** The device of the instance itself, which the cameras' devices belong to. */
export function instanceDevice(
  plan: PublisherPlan,
  { pageUrl }: HomeAssistantPlan,
): EntityConfig {
  return {
    identifiers: [rootTopic(plan)],
    name: `Orion ${plan.instance}`,
    manufacturer: "Orion",
    model: "Instance",
    sw_version: plan.version,
    ...page(pageUrl),
  };
}

export function cameraDevice({ camera, plan, homeAssistant }: CameraContext): EntityConfig {
  return {
    identifiers: [`${formerNode(plan)}-${camera}`],
    name: `${plan.instance} ${camera}`,
    manufacturer: "Orion",
    model: "Camera",
    sw_version: plan.version,
    via_device: rootTopic(plan),
    ...page(homeAssistant.pageUrl),
  };
}

function page(url: string | null): EntityConfig {
  return url === null ? {} : { configuration_url: url };
}

export function originOf({ version }: PublisherPlan): EntityConfig {
  return { name: ORIGIN_NAME, sw_version: version };
}

/** `front-door` → `Front door`. */
export function nameOf(id: string): string {
  const words = id.replaceAll("-", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
