import { topicsOf } from "../../src/mqtt/topics.ts";

const TOPICS = topicsOf({ topicPrefix: "{prefix}", instance: "{instance}" });

const PARAMETERS: Readonly<Record<string, string>> = {
  prefix: "mqtt.topicPrefix of the configuration; it may have several levels",
  instance: "instance of the configuration",
  camera: "a camera's id",
  detector: "a detector's id",
  zone: "a zone's id, or all for the whole picture",
  line: "a line's id",
  class: "a class of the detector's model, with %2F for a slash",
};

interface Channel {
  readonly address: string;
  /** The name that the payload's `schema` key carries, or how it is written where it is no JSON. */
  readonly payload: string | { readonly contentType: string; readonly schema: object };
  readonly title: string;
  readonly summary: string;
  /** Whether Orion publishes or subscribes. */
  readonly action: "send" | "receive";
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

const SWITCH: Channel["payload"] = {
  contentType: "text/plain",
  schema: { type: "string", enum: ["ON", "OFF"] },
};

const CHANNELS: Readonly<Record<string, Channel>> = {
  status: {
    address: TOPICS.status,
    payload: "orion.status/1",
    title: "Status",
    summary:
      "Whether Orion is online; offline is also its will, which the broker publishes when it dies.",
    action: "send",
    qos: 1,
    retain: true,
  },
  camera: {
    address: TOPICS.camera("{camera}"),
    payload: "orion.camera/1",
    title: "Camera",
    summary: "The state of a camera, whenever it changes.",
    action: "send",
    qos: 1,
    retain: true,
  },
  inference: {
    address: TOPICS.inference("{camera}", "{detector}"),
    payload: "orion.inference/1",
    title: "Inference",
    summary: "The detections of one frame, also when there are none. QoS: mqtt.qos.inferences.",
    action: "send",
    qos: 0,
    retain: false,
  },
  presence: {
    address: TOPICS.presence("{camera}"),
    payload: "orion.presence/1",
    title: "Presence",
    summary: "A stay begins, changes or ends: one start and one end for each stay.",
    action: "send",
    qos: 1,
    retain: false,
  },
  occupancy: {
    address: TOPICS.occupancy("{camera}", "{zone}"),
    payload: "orion.occupancy/1",
    title: "Occupancy",
    summary: "Whether a zone is occupied, and the number of open stays by class.",
    action: "send",
    qos: 1,
    retain: true,
  },
  crossing: {
    address: TOPICS.crossing("{camera}", "{line}"),
    payload: "orion.crossing/1",
    title: "Crossing",
    summary: "A track crossed a line.",
    action: "send",
    qos: 1,
    retain: false,
  },
  picture: {
    address: TOPICS.picture("{camera}", "{class}"),
    payload: { contentType: "image/jpeg", schema: { type: "string", format: "binary" } },
    title: "Picture",
    summary: "The best picture of the newest stay, where presence.snapshot allows it.",
    action: "send",
    qos: 0,
    retain: true,
  },
  detect: {
    address: TOPICS.detect("{camera}"),
    payload: SWITCH,
    title: "Detection",
    summary: "OFF where every detector of the camera is paused.",
    action: "send",
    qos: 1,
    retain: true,
  },
  detectSet: {
    address: TOPICS.detectSet("{camera}"),
    payload: SWITCH,
    title: "Switch detection",
    summary: "Pauses or resumes every detector of the camera; publish it without retain.",
    action: "receive",
    qos: 1,
    retain: false,
  },
  stays: {
    address: TOPICS.stays,
    payload: "orion.stays/1",
    title: "Stays",
    summary: "Orion's own: the open stays, for the next run to end.",
    action: "send",
    qos: 1,
    retain: true,
  },
  sent: {
    address: TOPICS.staysSent,
    payload: "orion.sent/1",
    title: "Sent",
    summary: "Orion's own: which events of the stays were published.",
    action: "send",
    qos: 0,
    retain: true,
  },
  health: {
    address: TOPICS.health,
    payload: "orion.health/1",
    title: "Health",
    summary: "The answer of GET /status, every stats interval. QoS: mqtt.qos.health.",
    action: "send",
    qos: 1,
    retain: true,
  },
  control: {
    address: TOPICS.control,
    payload: "orion.command/1",
    title: "Command",
    summary: "A command; publish it without retain. QoS: mqtt.qos.control.",
    action: "receive",
    qos: 1,
    retain: false,
  },
  ack: {
    address: TOPICS.ack,
    payload: "orion.ack/1",
    title: "Acknowledgement",
    summary: "The answer to one command, with its id. QoS: mqtt.qos.control.",
    action: "send",
    qos: 1,
    retain: false,
  },
};

/** The AsyncAPI 3.0 document of every topic that Orion publishes or subscribes to, as plain data. */
export function asyncApiDocument(version: string) {
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Orion over MQTT",
      version,
      description: "Cameras in, messages out. Objects are open: keys may be added, none changes.",
    },
    defaultContentType: "application/json",
    servers: {
      broker: {
        host: "broker.example:8883",
        protocol: "secure-mqtt",
        description: "The broker of mqtt.url, in MQTT 5 or 3.1.1; else the embedded one.",
      },
    },
    channels: mapped(CHANNELS, (name, { address, title, summary }) => ({
      address,
      title,
      summary,
      parameters: parametersOf(address),
      messages: { [name]: { $ref: `#/components/messages/${name}` } },
    })),
    operations: mapped(CHANNELS, (name, { action, qos, retain, summary }) => ({
      action,
      channel: { $ref: `#/channels/${name}` },
      summary,
      bindings: { mqtt: { qos, retain, bindingVersion: "0.2.0" } },
    })),
    components: {
      messages: mapped(
        CHANNELS,
        (name, { payload, title }) => ({ name, title, ...contentOf(payload) }),
      ),
    },
  };
}

function contentOf(payload: Channel["payload"]) {
  if (typeof payload !== "string") {
    return { contentType: payload.contentType, payload: payload.schema };
  }
  return {
    contentType: "application/json",
    payload: {
      schemaFormat: "application/schema+json;version=draft-2020-12",
      schema: { $ref: `./${payload.replace("/", ".")}.schema.json` },
    },
  };
}

function parametersOf(address: string) {
  const names = [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  return Object.fromEntries(names.map((name) => [name, { description: PARAMETERS[name] }]));
}

function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  map: (name: string, value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, map(name, value)]),
  );
}
