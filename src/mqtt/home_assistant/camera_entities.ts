/** The entities of a camera beside presence: its connection, its figures and its settings. */
import type { HomeAssistantDetector } from "../../core/publisher_types.ts";
import { type CameraContext, type Entity, isAllowed, nameOf } from "./announcement.ts";
import * as template from "./templates.ts";

/** The bounds of `set_rate`, and steps that a slider shows. */
const RATE = { min: 0.1, max: 30, step: 0.1, unit_of_measurement: "Hz" };
const CONFIDENCE = { min: 0, max: 1, step: 0.01 };

/** Whether the camera delivers frames. */
export function connectivityEntity({ camera, topics }: CameraContext): Entity {
  return {
    component: "binary_sensor",
    parts: ["connectivity"],
    name: "Connectivity",
    formerId: `${camera}-connectivity`,
    config: {
      device_class: "connectivity",
      entity_category: "diagnostic",
      state_topic: topics.camera(camera),
      value_template: template.onIf("value_json.state == 'online'"),
    },
  };
}

/** The figures of a camera and its detectors, from the health. */
export function figureEntities(
  context: CameraContext,
  detectors: readonly HomeAssistantDetector[],
): Entity[] {
  const { camera, topics } = context;
  const figure = {
    entity_category: "diagnostic",
    state_class: "measurement",
    state_topic: topics.health,
  };
  return [
    {
      component: "sensor",
      parts: ["fps"],
      name: "Frame rate",
      config: {
        ...figure,
        icon: "mdi:filmstrip",
        unit_of_measurement: "fps",
        value_template: template.ofCamera(camera, "fps"),
      },
    },
    ...detectors.flatMap(({ detector }): Entity[] => [
      {
        component: "sensor",
        parts: [detector, "latency"],
        name: nameOf(`${detector} latency`),
        config: {
          ...figure,
          device_class: "duration",
          unit_of_measurement: "ms",
          value_template: template.ofWorkers(detector, "avgLatencyMs"),
        },
      },
      {
        component: "sensor",
        parts: [detector, "drop-ratio"],
        name: nameOf(`${detector} drop ratio`),
        config: {
          ...figure,
          icon: "mdi:filter-outline",
          unit_of_measurement: "%",
          value_template: template.ofMailbox({
            camera,
            detector,
            figure: "dropRate",
            percent: true,
          }),
        },
      },
    ]),
  ];
}

/** The settings of a camera and its detectors, as far as their commands are permitted. */
export function settingEntities(
  context: CameraContext,
  detectors: readonly HomeAssistantDetector[],
): Entity[] {
  const { homeAssistant } = context;
  const entities: Entity[] = [];
  if (detectors.length > 0 && isAllowed(homeAssistant, "pause", "resume")) {
    entities.push(detectSwitch(context));
  }
  for (const detector of detectors) {
    if (isAllowed(homeAssistant, "set_rate")) entities.push(rateNumber(context, detector));
    if (isAllowed(homeAssistant, "set_confidence")) {
      entities.push(confidenceNumber(context, detector));
    }
  }
  if (isAllowed(homeAssistant, "snapshot")) entities.push(snapshotButton(context));
  return entities;
}

function detectSwitch({ camera, topics }: CameraContext): Entity {
  return {
    component: "switch",
    parts: ["detect"],
    name: "Detect",
    config: {
      icon: "mdi:motion-sensor",
      state_topic: topics.detect(camera),
      command_topic: topics.detectSet(camera),
      payload_on: "ON",
      payload_off: "OFF",
    },
  };
}

/** Of one detector at this camera. */
function rateNumber(
  { camera, topics }: CameraContext,
  { detector }: HomeAssistantDetector,
): Entity {
  return {
    component: "number",
    parts: [detector, "rate"],
    name: nameOf(`${detector} rate`),
    config: {
      ...number(topics.control, topics.health),
      ...RATE,
      icon: "mdi:speedometer",
      command_template: template.command("set_rate", { detector, camera, valueKey: "rateHz" }),
      value_template: template.ofMailbox({ camera, detector, figure: "rateHz" }),
    },
  };
}

/** Of one detector, at all of its cameras. */
function confidenceNumber(
  { topics }: CameraContext,
  { detector, confidence }: HomeAssistantDetector,
): Entity {
  return {
    component: "number",
    parts: [detector, "confidence"],
    name: nameOf(`${detector} confidence`),
    config: {
      ...number(topics.control, topics.health),
      ...CONFIDENCE,
      icon: "mdi:percent-outline",
      command_template: template.command("set_confidence", { detector, valueKey: "confidence" }),
      value_template: template.ofSetting(detector, "confidence", confidence),
    },
  };
}

/** The health follows seconds later: until then the number shows what was set. */
function number(command_topic: string, state_topic: string) {
  return { entity_category: "config", mode: "box", optimistic: true, command_topic, state_topic };
}

/** The picture is in the acknowledgement. */
function snapshotButton({ camera, topics }: CameraContext): Entity {
  return {
    component: "button",
    parts: ["snapshot"],
    name: "Snapshot",
    config: {
      icon: "mdi:camera",
      command_topic: topics.control,
      payload_press: JSON.stringify({
        schema: "orion.command/1",
        command: "snapshot",
        params: { camera },
      }),
    },
  };
}
