/** From a checked configuration to {@link Settings}: references resolved, secrets wrapped, frozen. */
import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { boxNorm } from "../core/geometry.ts";
import { Secret } from "../core/secret.ts";
import { resolvePath, type SecretFiles } from "./files.ts";
import { modelPath } from "./models.ts";
import type { CameraConfig, Config, DetectorConfig, SecretConfig } from "./schema.ts";
import {
  type CameraSettings,
  type DetectorSettings,
  EMBEDDED_BROKER,
  type HealthSettings,
  type MqttSettings,
  type Settings,
} from "./settings.ts";
import {
  type BrokerUrl,
  decode,
  displayUrl,
  endpointText,
  parseBrokerUrl,
  parseCameraUrl,
  type Parsed,
  parseListen,
  querySecrets,
} from "./urls.ts";

/** What {@link buildSettings} needs beside the configuration. */
export interface BuildContext {
  readonly path: string | null;
  readonly root: string;
  readonly folder: string;
  readonly secretFiles: SecretFiles;
  readonly environment: readonly string[];
  readonly warnings: readonly string[];
}

/** The bundled clip that `demo:` stands for. */
export const DEMO_CLIP = ["assets", "demo.mp4"] as const;

/** Builds the settings of a configuration in which no problem was found. */
export function buildSettings(config: Config, context: BuildContext): Settings {
  const cameras = config.cameras.map((camera) => buildCamera(camera, context));
  const ids = cameras.map((camera) => camera.id);
  const mqtt = buildMqtt(config.mqtt, context);
  const health = buildHealth(config.health, context);
  const secrets = secretsOf(config, [mqtt.password, health.token]);
  return deepFreeze({
    instance: config.instance,
    cameras,
    detectors: config.detectors.map((detector) => buildDetector(detector, ids, context)),
    mqtt,
    health,
    watchdog: config.watchdog,
    shutdownTimeoutSeconds: config.shutdownTimeoutSeconds,
    models: { folder: resolvePath(context.folder, config.models.folder) },
    path: context.path,
    secretFiles: context.secretFiles.paths,
    environment: context.environment,
    warnings: [...context.warnings, ...clearTextWarnings(mqtt)],
    secrets: () => [...secrets],
  });
}

function buildCamera(camera: CameraConfig, context: BuildContext): CameraSettings {
  const { kind, file: named } = parsed(parseCameraUrl(camera.url));
  const file = kind === "demo"
    ? join(context.root, ...DEMO_CLIP)
    : named === null
    ? null
    : resolvePath(context.folder, named);
  return {
    id: camera.id,
    url: new Secret(file ?? camera.url),
    displayUrl: displayUrl(camera.url),
    kind,
    file,
    loop: kind === "demo" || camera.loop,
    transport: camera.transport,
    decoder: camera.decoder,
    decode: camera.decode,
    roi: camera.roi === undefined ? null : boxNorm(camera.roi),
    masks: camera.masks.map((polygon) => polygon.map(([x, y]) => ({ x, y }))),
    stallTimeoutSeconds: camera.stallTimeoutSeconds,
  };
}

function buildDetector(
  detector: DetectorConfig,
  cameras: readonly string[],
  context: BuildContext,
): DetectorSettings {
  const wanted = detector.cameras;
  return {
    id: detector.id,
    model: detector.model,
    modelPath: parsed(modelPath(detector.model, context)),
    cameras: wanted === undefined ? cameras : cameras.filter((id) => wanted.includes(id)),
    rateHz: detector.rateHz ?? null,
    confidence: detector.confidence,
    iou: detector.iou,
    classes: detector.classes ?? null,
    threads: detector.threads,
    workers: detector.workers,
  };
}

function buildMqtt(mqtt: Config["mqtt"], context: BuildContext): MqttSettings {
  const broker: BrokerUrl | null = mqtt.url === undefined ? null : parsed(parseBrokerUrl(mqtt.url));
  const { hostname, port } = broker ??
    (mqtt.listen === undefined ? EMBEDDED_BROKER : parsed(parseListen(mqtt.listen, 1)));
  const password = secretText("mqtt.password", mqtt.password, context) ?? broker?.password ?? null;
  const path = (named: string | undefined) =>
    named === undefined ? null : resolvePath(context.folder, named);
  return {
    url: broker?.url ?? null,
    hostname,
    port,
    displayUrl: displayUrl(broker?.url ?? `mqtt://${endpointText({ hostname, port })}`),
    username: mqtt.username ?? broker?.username ?? null,
    password: password === null ? null : new Secret(password),
    ca: path(mqtt.ca),
    cert: path(mqtt.cert),
    key: path(mqtt.key),
    protocol: mqtt.protocol === "3.1.1" ? "3.1.1" : 5,
    topicPrefix: mqtt.topicPrefix,
    qos: mqtt.qos,
    outbox: mqtt.outbox,
    homeAssistant: mqtt.homeAssistant === false ? null : mqtt.homeAssistant,
  };
}

function buildHealth(health: Config["health"], context: BuildContext): HealthSettings {
  const token = secretText("health.token", health.token, context);
  return {
    listen: health.listen === "off" ? null : parsed(parseListen(health.listen, 0)),
    token: token === null ? null : new Secret(token),
    statsIntervalSeconds: health.statsIntervalSeconds,
  };
}

/** A secret as written, or as its file holds it. */
function secretText(
  place: string,
  secret: SecretConfig | undefined,
  context: BuildContext,
): string | null {
  if (secret === undefined) return null;
  if (typeof secret === "string") return secret;
  return context.secretFiles.values.get(place) ?? null;
}

/** Everything that must never be printed, as written and as it is sent. */
function secretsOf(config: Config, others: readonly (Secret | null)[]): string[] {
  const found = new Set<string>();
  for (const { url } of config.cameras) {
    const { password } = parsed(parseCameraUrl(url));
    const inQuery = querySecrets(url);
    for (const secret of password === null ? inQuery : [password, ...inQuery]) {
      found.add(secret);
      found.add(decode(secret));
    }
  }
  if (config.mqtt.url !== undefined) {
    for (const secret of querySecrets(config.mqtt.url)) found.add(secret);
  }
  for (const secret of others) if (secret !== null) found.add(secret.expose());
  found.delete("");
  return [...found];
}

function clearTextWarnings(mqtt: MqttSettings): string[] {
  const plain = mqtt.url?.startsWith("mqtt:") || mqtt.url?.startsWith("ws:");
  if (mqtt.password === null || !plain) return [];
  return [`mqtt.url: the password travels unencrypted to ${mqtt.hostname}; use mqtts:// or wss://`];
}

/** What the schema has already accepted. */
function parsed<T>(result: Parsed<T>): T {
  assert(result.ok, "a value that passed the configuration's checks is not understood");
  return result.value;
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
