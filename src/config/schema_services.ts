/** The part of the configuration's schema that is not about cameras and detectors: `schema.ts`. */
import { z } from "zod";
import { COMMAND_NAMES } from "../core/commands.ts";
import { LANDLOCK_SETTINGS } from "../core/confinement.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { list, number, whole } from "../core/schema_parts.ts";
import { matching, object, oneOf, parsedBy, path, secret, text } from "./schema_parts.ts";
import { parseBrokerUrl, type Parsed, parseListen } from "./urls.ts";

/** Where Home Assistant looks for discovery messages, unless it is configured otherwise. */
const DISCOVERY_PREFIX = "homeassistant";
/** Bound of the messages that wait for the broker. */
export const MAX_OUTBOX = 10_000;
/** The form of a prefix of topics, and its length. */
export const TOPIC_LEVELS = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;
export const MAX_TOPIC_LENGTH = 128;

const qos = z.union([z.literal(0), z.literal(1)], { error: "0 or 1" });
const topic = matching(TOPIC_LEVELS, "topic levels of letters, digits, _, . and -, with / between")
  .max(MAX_TOPIC_LENGTH, { error: `a topic of at most ${MAX_TOPIC_LENGTH} characters` });

/** The broker, and what is published. */
export const mqtt = object({
  url: parsedBy("a URL: mqtt://, mqtts://, ws:// or wss://", parseBrokerUrl).optional()
    .describe("mqtt://, mqtts://, ws:// or wss://; absent for the embedded broker."),
  listen: parsedBy("an address and a port", (value) => parseListen(value, 1)).optional()
    .describe("Where the embedded broker listens: a loopback address, 127.0.0.1:1883 when absent."),
  username: text("a text").optional().describe("The broker's name for Orion; absent for none."),
  password: secret.optional().describe("Its password, or { file: PATH }."),
  ca: path.optional().describe("PEM file with the authorities that sign the broker's certificate."),
  cert: path.optional().describe("PEM file with the client's certificate, for mutual TLS."),
  key: path.optional().describe("PEM file with the client's key, for mutual TLS."),
  protocol: z.union([z.literal(5), z.literal("3.1.1"), z.literal("5")], { error: "5 or 3.1.1" })
    .default(5).describe("With a broker that refuses 5, 3.1.1 is used."),
  topicPrefix: topic.default("orion").describe("The levels above the instance in every topic."),
  qos: object({
    inferences: qos.default(0).describe("Of inference messages."),
    control: qos.default(1).describe("Of commands and their answers."),
    health: qos.default(1).describe("Of the figures."),
  }).prefault({}).describe("MQTT's quality of service: 0, sent once; 1, until acknowledged."),
  outbox: object({
    policy: oneOf(["latest", "queue"]).default("latest").describe(
      "latest: the newest of every camera and detector; queue: all of them, in order.",
    ),
    max: whole(1, MAX_OUTBOX).default(1024).describe(
      "How many are kept; beyond it the oldest are dropped.",
    ),
  }).prefault({}).describe("How inference messages are kept while the broker is not connected."),
  homeAssistant: z.union([
    z.boolean(),
    object({
      discoveryPrefix: topic.default(DISCOVERY_PREFIX)
        .describe("As the MQTT integration of Home Assistant has it."),
    }),
  ], { error: "true, false or { discoveryPrefix: homeassistant }" }).default(false)
    .describe("Whether its cameras are announced to Home Assistant."),
});

/** What Home Assistant is sent; null: nothing. */
export function discoveryOf(
  written: z.output<typeof mqtt>["homeAssistant"],
): { readonly discoveryPrefix: string } | null {
  if (typeof written !== "boolean") return written;
  return written ? { discoveryPrefix: DISCOVERY_PREFIX } : null;
}

/** The HTTP interface, and the figures. */
export const health = object({
  listen: parsedBy(
    "an address and a port, or off",
    (value): Parsed<Endpoint | null> =>
      value === "off" ? { ok: true, value: null } : parseListen(value, 0),
  ).prefault("127.0.0.1:8080").describe("The HTTP interface; off for none."),
  token: secret.optional().describe("Required when it listens on anything but loopback."),
  statsIntervalSeconds: number(1, 3600).default(10)
    .describe("Between two stats lines of the log, and two health messages."),
});

/** When a worker counts as hanging. */
export const watchdog = object({
  intervalSeconds: number(1, 3600).default(30).describe("Between two looks at the workers."),
  minTimeoutSeconds: number(1, 3600).default(30)
    .describe("The least time that a worker is given for a frame that it was offered."),
  maxRestarts: whole(0, 1000).default(5).describe("Per worker, within ten minutes."),
});

/** Which commands are accepted. */
export const control = object({
  allow: list(
    oneOf(COMMAND_NAMES),
    "a list of names of commands",
    { min: 0, max: COMMAND_NAMES.length },
  ).optional().describe("The commands that are accepted; absent for all, [] for none."),
});

/** How far the kernel limits native code. */
export const confinement = object({
  landlock: oneOf(LANDLOCK_SETTINGS).default("auto").describe(
    "Whether the kernel confines the threads that run native code: auto, as far as it can; " +
      "required, or Orion does not start; off.",
  ),
});
