/** A configuration of Frigate as one of Orion: cameras, what is detected in them, masks, zones, the broker. */
import { lookUp } from "../../config/issues.ts";
import { ConfigError } from "../../config/problems.ts";
import { MAX_CAMERAS, MAX_DETECTORS } from "../../config/schema.ts";
import { MAX_TOPIC_LENGTH, TOPIC_LEVELS } from "../../config/schema_services.ts";
import { parseBrokerUrl } from "../../config/urls.ts";
import { parseYaml } from "../../config/yaml.ts";
import { UsageError } from "../../core/errors.ts";
import type { Host } from "../host.ts";
import { referencesIn } from "./addresses.ts";
import type { DetectorDraft, Draft } from "./draft.ts";
import { convertCamera, type Converted, noteSharedKeys } from "./frigate_camera.ts";
import {
  flagOf,
  keysOf,
  numberOf,
  textOf,
  Unconverted,
  withoutReferences,
  withReferences,
} from "./frigate_values.ts";
import { uniqueIds } from "./ids.ts";

/** Keys that are converted, or say nothing about cameras. */
const KNOWN_KEYS = ["mqtt", "cameras", "detect", "objects", "motion", "go2rtc", "version"];

const MQTT_PORTS = { mqtt: 1883, mqtts: 8883 } as const;

/** Where a password of the broker that is written in the file is to be set. */
const MQTT_PASSWORD = "${MQTT_PASSWORD}";

/**
 * Converts a file.
 * @throws {ConfigError} when it is no YAML
 * @throws {UsageError} when it cannot be read, or has no camera that Orion can open
 */
export function fromFrigate(path: string, host: Host): Draft {
  const config = readFile(path, host);
  const unconverted = new Unconverted();
  unconverted.keysBeside(config, KNOWN_KEYS, "");
  noteSharedKeys(config, "", unconverted);
  const cameras = camerasOf(config, unconverted);
  if (cameras.length === 0) {
    const why = unconverted.lines()[0];
    throw new UsageError(
      `${path} has no camera that Orion can open${why === undefined ? "" : ` (${why})`}`,
      "Name Frigate's configuration, mostly config.yml.",
    );
  }
  const mqtt = mqttOf(config, unconverted);
  const lines = unconverted.lines();
  return {
    notes: [
      "Converted from a configuration of Frigate. Masks are black in the picture that a detector gets;",
      "look at the picture of each camera on the page, and see docs/from-frigate.md.",
      ...lines.length === 0 ? [] : ["", "Not converted:", ...lines.map((line) => `  ${line}`)],
    ],
    variables: variablesOf(cameras, mqtt),
    cameras: cameras.map(({ camera }) => camera),
    detectors: detectorsOf(cameras, unconverted),
    mqtt,
  };
}

function readFile(path: string, host: Host): unknown {
  let text: string;
  try {
    text = host.readText(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `Cannot read ${path}: ${reason === "" ? "it does not exist" : reason}`;
    throw new UsageError(message, "Write --from-frigate and the path of Frigate's configuration.");
  }
  const { value, problems } = parseYaml(text);
  if (problems.length > 0) throw new ConfigError(path, problems);
  return value;
}

function camerasOf(config: unknown, unconverted: Unconverted): Converted[] {
  const written = lookUp(config, ["cameras"]);
  const names = keysOf(written);
  const ids = uniqueIds(names.map((wanted) => ({ wanted })));
  const cameras = names.flatMap((name, index) =>
    convertCamera(
      { config, camera: lookUp(written, [name]), name, id: ids[index] ?? "camera" },
      unconverted,
    ) ?? []
  );
  if (cameras.length > MAX_CAMERAS) {
    unconverted.note("cameras", `Orion takes ${MAX_CAMERAS} of these ${cameras.length}`);
  }
  return cameras.slice(0, MAX_CAMERAS);
}

/** One detector for all cameras of the same classes and rate. */
function detectorsOf(cameras: readonly Converted[], unconverted: Unconverted): DetectorDraft[] {
  const groups = new Map<string, Converted[]>();
  const watched = cameras.filter(({ classes }) => classes.length > 0);
  for (const one of watched) {
    const key = JSON.stringify([one.rateHz, [...one.classes].sort()]);
    groups.set(key, [...groups.get(key) ?? [], one]);
  }
  const lists = [...groups.values()];
  if (lists.length > MAX_DETECTORS) {
    unconverted.note("detect.fps, objects.track", "too many combinations: one detector has all");
    return [detectorOf("objects", watched, cameras)];
  }
  const ids = uniqueIds(
    lists.map(([first]) => ({
      wanted: first?.classes.length === 1 ? first.classes[0] ?? "" : "objects",
    })),
    "objects",
  );
  return lists.map((list, index) => detectorOf(ids[index] ?? "objects", list, cameras));
}

function detectorOf(
  id: string,
  list: readonly Converted[],
  all: readonly Converted[],
): DetectorDraft {
  return {
    id,
    rateHz: Math.max(...list.map(({ rateHz }) => rateHz)),
    classes: [...new Set(list.flatMap(({ classes }) => classes))],
    cameras: list.length === all.length ? null : list.map(({ camera }) => camera.id),
  };
}

/** The keys of `mqtt`; null where Frigate uses no broker. */
function mqttOf(config: unknown, unconverted: Unconverted): Record<string, unknown> | null {
  const mqtt = lookUp(config, ["mqtt"]);
  const host = textOf(lookUp(mqtt, ["host"]));
  if (host === null || !flagOf(lookUp(mqtt, ["enabled"]), true)) return null;
  const text = (key: string) => {
    const found = textOf(lookUp(mqtt, [key]));
    return found === null ? null : withReferences(found);
  };
  const known = ["enabled", "host", "port", "user", "password", "topic_prefix"];
  const files = { ca: "tls_ca_certs", cert: "tls_client_cert", key: "tls_client_key" };
  unconverted.keysBeside(mqtt, [...known, ...Object.values(files)], "mqtt");
  const scheme = text(files.ca) === null ? "mqtt" : "mqtts";
  const shown = withReferences(host.includes(":") && !host.startsWith("[") ? `[${host}]` : host);
  const url = `${scheme}://${shown}:${numberOf(lookUp(mqtt, ["port"])) ?? MQTT_PORTS[scheme]}`;
  const parsed = parseBrokerUrl(withoutReferences(url));
  if (!parsed.ok) {
    unconverted.note("mqtt.host", parsed.message);
    return null;
  }
  const password = text("password");
  const prefix = text("topic_prefix");
  const isPrefix = prefix !== null && prefix.length <= MAX_TOPIC_LENGTH &&
    TOPIC_LEVELS.test(withoutReferences(prefix));
  if (prefix !== null && !isPrefix) {
    unconverted.note("mqtt.topic_prefix", "it is none for Orion: letters, digits, _ . - and /");
  }
  return Object.fromEntries(
    Object.entries({
      url,
      username: text("user"),
      password: password === null ? null : /^\$\{\w+\}$/.test(password) ? password : MQTT_PASSWORD,
      ...scheme === "mqtts" ? tlsOf(files, text, unconverted) : {},
      topicPrefix: isPrefix ? prefix : null,
    }).filter(([, value]) => value !== null),
  );
}

/** The files of TLS, as paths of Frigate's own machine or container. */
function tlsOf(
  files: Readonly<Record<"ca" | "cert" | "key", string>>,
  text: (key: string) => string | null,
  unconverted: Unconverted,
): Record<string, string | null> {
  const [ca, cert, key] = [text(files.ca), text(files.cert), text(files.key)];
  if ((cert === null) === (key === null)) return { ca, cert, key };
  unconverted.note(`mqtt.${cert === null ? files.key : files.cert}`, "the other one is missing");
  return { ca };
}

function variablesOf(cameras: readonly Converted[], mqtt: Record<string, unknown> | null) {
  const uses = [
    ...cameras.map(({ camera }) => ({ text: camera.url, meaning: `for ${camera.id}` })),
    ...Object.values(mqtt ?? {}).map((value) => ({
      text: String(value),
      meaning: "for the broker",
    })),
  ];
  const found = uses.flatMap(({ text, meaning }) =>
    referencesIn(text).map((name) => ({ name, meaning }))
  );
  return found.filter(({ name }, index) => found.findIndex((each) => each.name === name) === index);
}
