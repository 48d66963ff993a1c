import { OrionError } from "../core/errors.ts";

/** The topics of one instance, under its prefix. */
export interface Topics {
  readonly status: string;
  readonly health: string;
  readonly control: string;
  readonly ack: string;
  /** The open stays, for the next run. */
  readonly stays: string;
  camera(camera: string): string;
  inference(camera: string, detector: string): string;
  presence(camera: string): string;
  occupancy(camera: string, zone: string): string;
  crossing(camera: string, line: string): string;
  /** The picture of the newest stay of a class. */
  picture(camera: string, className: string): string;
  /** Whether the camera is inferred: `ON` or `OFF`. */
  detect(camera: string): string;
  detectSet(camera: string): string;
}

/** MQTT allows topics of 65,535 bytes; a prefix longer than this is a mistake. */
const MAX_PREFIX_LENGTH = 256;

/**
 * Validates a topic prefix: one or more levels (`site/floor-2`), none of them empty, without wildcards, and
 * not below `$`.
 * @returns what is wrong with it, or null
 */
export function topicPrefixProblem(prefix: string): string | null {
  if (prefix.length > MAX_PREFIX_LENGTH) return `is longer than ${MAX_PREFIX_LENGTH} characters`;
  if (/[+#]/.test(prefix)) return "holds a wildcard (+ or #)";
  if (/\p{Cc}/u.test(prefix)) return "holds a control character";
  if (prefix.startsWith("$")) return "starts with $, which is the broker's own";
  if (prefix.split("/").includes("")) return "has an empty level";
  return null;
}

/** The topic above all topics of an instance. */
export function rootTopic(
  { topicPrefix, instance }: { readonly topicPrefix: string; readonly instance: string },
): string {
  return `${topicPrefix}/${instance}`;
}

/** The client id of an instance: the same for each of its connections. */
export function clientIdOf(plan: {
  readonly topicPrefix: string;
  readonly instance: string;
}): string {
  return rootTopic(plan).replaceAll("/", "-");
}

/**
 * The names of an instance's topics.
 * @throws {OrionError} `TOPIC_PREFIX` when the prefix cannot be part of a topic
 */
export function topicsOf(
  plan: { readonly topicPrefix: string; readonly instance: string },
): Topics {
  const problem = topicPrefixProblem(plan.topicPrefix);
  if (problem !== null) {
    throw new OrionError({
      code: "TOPIC_PREFIX",
      message: `Cannot build the MQTT topics: mqtt.topicPrefix ${problem}`,
      retryable: false,
      remedy: "Set mqtt.topicPrefix to plain levels, for example orion or site/floor-2.",
    });
  }
  const root = rootTopic(plan);
  return {
    status: `${root}/status`,
    health: `${root}/health`,
    control: `${root}/control`,
    ack: `${root}/control/ack`,
    stays: `${root}/stays`,
    camera: (camera) => `${root}/cameras/${camera}/status`,
    inference: (camera, detector) => `${root}/inferences/${camera}/${detector}`,
    presence: (camera) => `${root}/presence/${camera}`,
    occupancy: (camera, zone) => `${root}/occupancy/${camera}/${zone}`,
    crossing: (camera, line) => `${root}/crossings/${camera}/${line}`,
    picture: (camera, className) => `${root}/pictures/${camera}/${className}`,
    detect: (camera) => `${root}/cameras/${camera}/detect`,
    detectSet: (camera) => `${root}/cameras/${camera}/detect/set`,
  };
}
