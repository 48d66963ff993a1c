/** From a checked configuration to {@link Settings}: references resolved, secrets wrapped, frozen. */
import { isIP } from "node:net";
import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { type BrokerAddress, shownBroker } from "../core/broker_address.ts";
import { boxNorm } from "../core/geometry.ts";
import { Secret } from "../core/secret.ts";
import { type CameraAuthorities, resolvePath, type SecretFiles } from "./files.ts";
import { parseAspect } from "./aspect.ts";
import { parseFingerprint } from "./fingerprint.ts";
import { modelPath } from "./models.ts";
import type { CameraConfig, Config, DetectorConfig, SecretConfig } from "./schema.ts";
import {
  type CameraKind,
  type CameraSettings,
  type DetectorSettings,
  EMBEDDED_BROKER,
  type Endpoint,
  type HealthSettings,
  type MqttSettings,
  RTSP_PORTS,
  type Settings,
  udpPorts,
} from "./settings.ts";
import {
  decode,
  displayUrl,
  endpointText,
  parseBrokerUrl,
  parseCameraUrl,
  type Parsed,
  parseHost,
  parseListen,
  querySecrets,
} from "./urls.ts";

/** What {@link buildSettings} needs beside the configuration. */
export interface BuildContext {
  readonly path: string | null;
  readonly root: string;
  readonly folder: string;
  readonly secretFiles: SecretFiles;
  readonly authorities: CameraAuthorities;
  readonly environment: readonly string[];
  /** Values of environment variables that stand where a credential may. */
  readonly environmentSecrets: readonly string[];
  readonly warnings: readonly string[];
}

/** The bundled clip that `demo:` stands for. */
export const DEMO_CLIP = ["assets", "demo.mp4"] as const;

/** Builds the settings of a configuration in which no problem was found. */
export function buildSettings(config: Config, context: BuildContext): Settings {
  const cameras = config.cameras.map((camera, index) => buildCamera(camera, index, context));
  const ids = cameras.map((camera) => camera.id);
  const mqtt = buildMqtt(config.mqtt, context);
  const health = buildHealth(config.health, context);
  const secrets = secretsOf(config, [
    ...context.environmentSecrets,
    ...context.secretFiles.values.values(),
    ...[mqtt.password, health.token].flatMap((secret) => secret === null ? [] : [secret.expose()]),
  ]);
  return deepFreeze({
    instance: config.instance,
    cameras,
    detectors: config.detectors.map((detector) => buildDetector(detector, ids, context)),
    mqtt,
    health,
    watchdog: config.watchdog,
    shutdownTimeoutSeconds: config.shutdownTimeoutSeconds,
    control: { allow: config.control.allow ?? null },
    models: { folder: resolvePath(context.folder, config.models.folder) },
    path: context.path,
    secretFiles: context.secretFiles.paths,
    environment: context.environment,
    warnings: [
      ...context.warnings,
      ...cameras.flatMap(cameraWarnings),
      ...clearTextWarnings(mqtt),
    ],
    secrets: () => [...secrets],
  });
}

function buildCamera(
  camera: CameraConfig,
  index: number,
  context: BuildContext,
): CameraSettings {
  const { kind, file: named, endpoint } = parsed(parseCameraUrl(camera.url));
  const file = kind === "demo"
    ? join(context.root, ...DEMO_CLIP)
    : named === null
    ? null
    : resolvePath(context.folder, named);
  return {
    id: camera.id,
    url: new Secret(file ?? camera.url),
    displayUrl: endpoint === null ? camera.url : displayUrl(kind, endpoint),
    kind,
    file,
    loop: kind === "demo" || camera.loop,
    ...buildNetwork(camera, { kind, index, context }),
    endpoint,
    maxPixels: camera.maxPixels,
    reconnectMaxSeconds: camera.reconnectMaxSeconds,
    decoder: camera.decoder,
    decode: camera.decode,
    rotate: camera.rotate,
    aspect: parsed(parseAspect(camera.aspect)),
    roi: camera.roi === undefined ? null : boxNorm(camera.roi),
    masks: camera.masks.map((polygon) => polygon.map(([x, y]) => ({ x, y }))),
    stallTimeoutSeconds: camera.stallTimeoutSeconds,
  };
}

/** How a camera is spoken to. */
function buildNetwork(
  camera: CameraConfig,
  { kind, index, context }: {
    readonly kind: CameraKind;
    readonly index: number;
    readonly context: BuildContext;
  },
) {
  const isOwn = (kind === "rtsp" || kind === "rtsps") && camera.demuxer !== "libav";
  const defaultPort = kind === "rtsps" ? RTSP_PORTS.rtsps : RTSP_PORTS.rtsp;
  const { transport, track, ca, fingerprint, insecure, allowRedirect, udpPort } = camera;
  return {
    demuxer: isOwn ? "orion" : "libav",
    transport,
    track: track === "auto" ? null : track,
    caPath: ca === undefined ? null : resolvePath(context.folder, ca),
    ca: context.authorities.pems.get(index) ?? null,
    fingerprint: fingerprint === undefined ? null : parsed(parseFingerprint(fingerprint)),
    insecure,
    allowRedirect: allowRedirect.map((text): Endpoint => {
      const { hostname, port } = parsed(parseHost(text));
      return { hostname, port: port ?? defaultPort };
    }),
    udpPorts: isOwn && transport !== "tcp" ? udpPorts(index, udpPort) : null,
    maxUnitBytes: camera.maxUnitBytes,
  } as const;
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
  const broker = mqtt.url === undefined ? null : parsed(parseBrokerUrl(mqtt.url));
  const address = broker?.address ?? embeddedAddress(mqtt.listen);
  const password = secretText("mqtt.password", mqtt.password, context) ?? broker?.password ?? null;
  const path = (named: string | undefined) =>
    named === undefined ? null : resolvePath(context.folder, named);
  return {
    address,
    isEmbedded: broker === null,
    displayUrl: shownBroker(address),
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

function embeddedAddress(listen: string | undefined): BrokerAddress {
  const { hostname, port } = listen === undefined
    ? EMBEDDED_BROKER
    : parsed(parseListen(listen, 1));
  return { scheme: "mqtt", hostname, port, path: "" };
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

/** Paths of a camera that are shorter are ordinary words: `/live` is in many a path. */
const MIN_SECRET_PATH_LENGTH = 8;

/** Everything that must never be printed, as written and as it is sent. */
function secretsOf(config: Config, others: readonly string[]): string[] {
  const found = new Set<string>(others);
  for (const { url } of config.cameras) {
    const { password, rest } = parsed(parseCameraUrl(url));
    const path = rest.length < MIN_SECRET_PATH_LENGTH ? "" : rest;
    for (const secret of [password ?? "", path, ...querySecrets(url)]) {
      found.add(secret);
      found.add(decode(secret));
    }
  }
  if (config.mqtt.url !== undefined) {
    for (const secret of querySecrets(config.mqtt.url)) found.add(secret);
  }
  found.delete("");
  return [...found];
}

/** What a camera's keys leave open, said of each at its place. */
function cameraWarnings(camera: CameraSettings, index: number): string[] {
  const { id, kind, endpoint, demuxer, insecure, udpPorts } = camera;
  const at = `cameras[${index}]`;
  if (endpoint === null) return [];
  const warnings: string[] = [];
  if (kind === "rtsps" && demuxer === "libav") {
    warnings.push(
      `${at}.demuxer: libav checks no certificate, so camera "${id}" may be anything that answers ` +
        `at ${endpointText(endpoint)}, and gets its password`,
    );
  } else if (insecure) {
    warnings.push(
      `${at}.insecure: any certificate is accepted, so camera "${id}" may be anything that answers ` +
        `at ${endpointText(endpoint)}, and gets its password; use fingerprint or ca`,
    );
  }
  if (udpPorts !== null && isIP(endpoint.hostname) === 0) {
    warnings.push(
      `${at}.url: over UDP a camera named by a host name is only listened to, since Deno permits ` +
        `datagrams to addresses alone: no receiver reports; write the address of "${id}"`,
    );
  }
  return warnings;
}

function clearTextWarnings(mqtt: MqttSettings): string[] {
  const isPlain = mqtt.address.scheme === "mqtt" || mqtt.address.scheme === "ws";
  if (mqtt.password === null || !isPlain) return [];
  return [
    `mqtt.url: the password travels unencrypted to ${mqtt.address.hostname}; use mqtts:// or wss://`,
  ];
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
