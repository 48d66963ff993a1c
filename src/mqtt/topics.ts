import { OrionError } from "../core/errors.ts";

/** The topics of one instance, under its prefix. */
export interface Topics {
  readonly status: string;
  readonly health: string;
  readonly control: string;
  readonly ack: string;
  camera(camera: string): string;
  inference(camera: string, detector: string): string;
  presence(camera: string): string;
  occupancy(camera: string, zone: string): string;
  crossing(camera: string, line: string): string;
  /** @param className  any text */
  picture(camera: string, className: string): string;
  /** The state of the switch of a camera's detection. */
  detect(camera: string): string;
  /** Where it is switched; `+` for all cameras. */
  detectSet(camera: string): string;
  /** The list of the stays, retained for the next run. */
  readonly stays: string;
  /** The number of the newest event of presence that was published. */
  readonly staysSent: string;
  /** The filters of retained messages that an earlier run may have left. */
  readonly left: Readonly<
    Record<"pictures" | "occupancy" | "cameras" | "switches", string>
  >;
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

/** Characters of a name in a topic; longer ones are cut. */
const MAX_LEVEL_LENGTH = 256;
/** What a topic's level must not hold, what brokers refuse in topics, and what the others are written with. */
const UNSAFE = /[/+#%]|\p{Cc}|\p{Noncharacter_Code_Point}/gu;

/** Makes one level of a topic of any text, as URLs do: `a/b` becomes `a%2Fb`. */
export function topicLevel(name: string): string {
  const cut = name.slice(0, MAX_LEVEL_LENGTH).toWellFormed();
  const level = cut.replace(UNSAFE, (character) => encodeURIComponent(character));
  return level === "" ? "%" : level;
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
    camera: (camera) => `${root}/cameras/${camera}/status`,
    inference: (camera, detector) => `${root}/inferences/${camera}/${detector}`,
    presence: (camera) => `${root}/presence/${camera}`,
    occupancy: (camera, zone) => `${root}/occupancy/${camera}/${zone}`,
    crossing: (camera, line) => `${root}/crossings/${camera}/${line}`,
    picture: (camera, className) => `${root}/pictures/${camera}/${topicLevel(className)}`,
    detect: (camera) => `${root}/cameras/${camera}/detect`,
    detectSet: (camera) => `${root}/cameras/${camera}/detect/set`,
    stays: `${root}/stays`,
    staysSent: `${root}/stays/sent`,
    left: {
      pictures: `${root}/pictures/#`,
      occupancy: `${root}/occupancy/#`,
      cameras: `${root}/cameras/+/status`,
      switches: `${root}/cameras/+/detect`,
    },
  };
}
