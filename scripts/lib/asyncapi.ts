import { topicsOf } from "../../src/mqtt/topics.ts";

const TOPICS = topicsOf({ topicPrefix: "{prefix}", instance: "{instance}" });

const PARAMETERS: Readonly<Record<string, string>> = {
  prefix: "mqtt.topicPrefix of the configuration; it may have several levels",
  instance: "instance of the configuration",
  camera: "a camera's id",
  detector: "a detector's id",
};

interface Channel {
  readonly address: string;
  /** The name that the payload's `schema` key carries. */
  readonly payload: string;
  readonly title: string;
  readonly summary: string;
  /** Whether Orion publishes or subscribes. */
  readonly action: "send" | "receive";
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

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
      messages: mapped(CHANNELS, (name, { payload, title }) => ({
        name,
        title,
        contentType: "application/json",
        payload: {
          schemaFormat: "application/schema+json;version=draft-2020-12",
          schema: { $ref: `./${payload.replace("/", ".")}.schema.json` },
        },
      })),
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
