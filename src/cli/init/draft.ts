/** A configuration that is about to be written, and its text. */
import { stringify } from "yaml";
import { withoutControlCharacters } from "../../core/control_characters.ts";

/** A camera as it is written. */
export interface CameraDraft {
  readonly id: string;
  /** With references to variables in place of its secrets. */
  readonly url: string;
  /** Its further keys, in their order. */
  readonly keys: Readonly<Record<string, unknown>>;
  /** What is written above its keys, as comments. */
  readonly notes: readonly string[];
  /** Keys that are suggested: written as comments below the others. */
  readonly suggested: readonly string[];
}

export interface DetectorDraft {
  readonly id: string;
  readonly rateHz: number;
  readonly classes: readonly string[];
  /** null for all. */
  readonly cameras: readonly string[] | null;
}

/** A variable that the configuration refers to. */
export interface VariableDraft {
  readonly name: string;
  readonly meaning: string;
}

export interface Draft {
  /** What is written at the head, as comments. */
  readonly notes: readonly string[];
  readonly variables: readonly VariableDraft[];
  readonly cameras: readonly CameraDraft[];
  readonly detectors: readonly DetectorDraft[];
  /** The keys of `mqtt`; null for the embedded broker, with a suggestion. */
  readonly mqtt: Readonly<Record<string, unknown>> | null;
}

const HEAD = `#
# Save it as orion.yaml. "orion check --connect" tries it, "orion run" runs it (in a checkout: deno task
# check, deno task run). What is commented out is a suggestion. All keys: docs/configuration.md
`;

const VARIABLES = `#
# Set before the start, in the environment or in a file for --env-file. In the address of a camera
# write %40 for @, %2F for /, %3A for :, %23 for #, %3F for ? and %25 for %, in the variable as well.
#
`;

const MQTT = `
# Without mqtt.url a broker of Orion's own listens on 127.0.0.1:1883, for this machine alone.
# mqtt:
#   url: mqtts://broker.example:8883
#   username: orion
#   password: \${MQTT_PASSWORD}
#   homeAssistant: true
`;

const HEALTH = `
# The page, the figures and the commands over HTTP. Anything but loopback needs a token.
health:
  listen: 127.0.0.1:8080
  # token: \${ORION_TOKEN}
`;

/**
 * The text of a configuration.
 * @param schema  where the JSON Schema of the configuration is, for editors
 */
export function configText(draft: Draft, schema: string): string {
  const { notes, variables, cameras, detectors, mqtt } = draft;
  return [
    comment(`yaml-language-server: $schema=${schema}`, ""),
    HEAD,
    ...notes.length === 0 ? [] : ["#\n", ...notes.map((note) => comment(note, ""))],
    variables.length === 0 ? "" : VARIABLES,
    ...variables.map(({ name, meaning }) => comment(`  export ${name}='…'  # ${meaning}`, "")),
    "\n# Names this box in topics and in Home Assistant.\ninstance: orion\n",
    "\ncameras:\n",
    ...cameras.map(cameraText),
    detectors.length === 0 ? "\ndetectors: []\n" : "\ndetectors:\n",
    ...detectors.map(detectorText),
    mqtt === null ? MQTT : `\nmqtt:\n${keysText(mqtt, "  ")}`,
    HEALTH,
  ].join("");
}

function cameraText({ id, url, keys, notes, suggested }: CameraDraft): string {
  return [
    `  - id: ${flow(id)}\n`,
    ...notes.map((note) => comment(note, "    ")),
    keysText({ url, ...keys }, "    "),
    ...suggested.map((line) => comment(line, "    ")),
  ].join("");
}

function detectorText({ id, rateHz, classes, cameras }: DetectorDraft): string {
  const model = "builtin:person";
  const keys = { model, ...cameras === null ? {} : { cameras }, rateHz, classes };
  return `  - id: ${flow(id)}\n${keysText(keys, "    ")}`;
}

/** Keys with their values, one a line; of a list of maps or lists each item has a line. */
function keysText(keys: Readonly<Record<string, unknown>>, indent: string): string {
  return Object.entries(keys).map(([key, value]) => {
    const isLong = Array.isArray(value) && value.some((item) => typeof item === "object");
    if (!isLong) return `${indent}${key}: ${flow(value)}\n`;
    return `${indent}${key}:\n${value.map((item) => `${indent}  - ${flow(item)}\n`).join("")}`;
  }).join("");
}

/** A value on one line. */
function flow(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: false })
    .trimEnd();
}

/** A comment of one line, whatever the text holds. */
function comment(text: string, indent: string): string {
  const line = withoutControlCharacters(text, " ").replace(/[\u0080-\u009f\u2028\u2029]/g, " ");
  return `${`${indent}# ${line}`.trimEnd()}\n`;
}
