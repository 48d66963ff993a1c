/** Builds {@link Settings} from a checked configuration: resolves references, wraps secrets, freezes. */
import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { type BrokerAddress, shownBroker } from "../core/broker_address.ts";
import type { ModelSource } from "../core/detector_types.ts";
import type { Endpoint } from "../core/endpoint.ts";
import { boxNorm } from "../core/geometry.ts";
import { percentDecoded } from "../core/percent.ts";
import { lineOf, polygonOf, zoneOf } from "../core/scene_schema.ts";
import { Secret } from "../core/secret.ts";
import { RTSP_PORTS } from "../core/url_parts.ts";
import { type CameraAuthorities, resolvePath, type SecretFiles } from "./files.ts";
import { builtinModel, MAX_PIXELS, modelPath, openVinoLibrary } from "./models.ts";
import { sceneWarnings } from "./scene_checks.ts";
import { discoveryOf } from "./schema_services.ts";
import type { CameraConfig, Config, DetectorConfig } from "./schema.ts";
import type { SecretConfig } from "./schema_parts.ts";
import {
  type CameraKind,
  type CameraSettings,
  type DetectorSettings,
  EMBEDDED_BROKER,
  type HealthSettings,
  type MqttSettings,
  type Settings,
  udpPorts,
} from "./settings.ts";
import { displayUrl, querySecrets } from "./urls.ts";
import { cameraWarnings, clearTextWarnings } from "./warnings.ts";

/** Input of {@link buildSettings} beside the configuration. */
export interface BuildContext {
  readonly path: string | null;
  readonly root: string;
  readonly folder: string;
  /** As {@link FileAccess.realPath}. */
  readonly realPath: (path: string) => string | null;
  readonly secretFiles: SecretFiles;
  readonly authorities: CameraAuthorities;
  readonly environment: readonly string[];
  /** Values of environment variables at places that may hold a credential. */
  readonly environmentSecrets: readonly string[];
  readonly warnings: readonly string[];
}

/** The path of the bundled clip, for `demo:`. */
export const DEMO_CLIP = ["assets", "demo.mp4"] as const;

/** Builds the settings of a configuration without problems. */
export function buildSettings(config: Config, context: BuildContext): Settings {
  const cameras = config.cameras.map((camera, index) => buildCamera(camera, index, context));
  const ids = cameras.map((camera) => camera.id);
  const detectors = config.detectors.map((detector) => buildDetector(detector, ids, context));
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
    detectors,
    mqtt,
    health,
    watchdog: config.watchdog,
    shutdownTimeoutSeconds: config.shutdownTimeoutSeconds,
    control: { allow: config.control.allow ?? null },
    confinement: config.confinement,
    models: { folder: resolvePath(context.folder, config.models.folder) },
    path: context.path,
    secretFiles: context.secretFiles.paths,
    environment: context.environment,
    warnings: [
      ...context.warnings,
      ...cameras.flatMap(cameraWarnings),
      ...sceneWarnings(cameras, detectors),
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
  const { id, url, loop, roi, masks, zones, lines, ...further } = camera;
  const { reconnectMaxSeconds, stallTimeoutSeconds, ...others } = further;
  const { transport, demuxer, track, ca, fingerprint, insecure, ...rest } = others;
  // What nothing here resolves goes to the capture worker as it is.
  const { allowRedirect, udpPort, ...stream } = rest;
  const tls = { ca, fingerprint, insecure };
  const network = { transport, demuxer, track, ...tls, allowRedirect, udpPort };
  const { text, kind, file: named, endpoint } = url;
  const file = kind === "demo"
    ? join(context.root, ...DEMO_CLIP)
    : named === null
    ? null
    : resolvePath(context.folder, named);
  return {
    id,
    url: new Secret(file ?? text),
    displayUrl: endpoint === null ? text : displayUrl(kind, endpoint),
    kind,
    file,
    loop: kind === "demo" || loop,
    ...buildNetwork(network, { kind, index, context }),
    endpoint,
    reconnectMaxSeconds,
    stream,
    roi: roi === undefined ? null : boxNorm(roi),
    masks: masks.map(polygonOf),
    zones: zones.map(zoneOf),
    lines: lines.map(lineOf),
    stallTimeoutSeconds,
  };
}

type NetworkConfig = Pick<
  CameraConfig,
  | ("transport" | "demuxer" | "track" | "allowRedirect" | "udpPort")
  | ("ca" | "fingerprint" | "insecure")
>;

/** Builds the settings of the network protocol of a camera. */
function buildNetwork(
  camera: NetworkConfig,
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
    fingerprint: fingerprint ?? null,
    insecure,
    allowRedirect: allowRedirect.map(({ hostname, port }): Endpoint => ({
      hostname,
      port: port ?? defaultPort,
    })),
    hasOwnUdpPort: udpPort !== undefined,
    udpPorts: isOwn && transport !== "tcp" ? udpPorts(index, udpPort) : null,
  } as const;
}

function buildDetector(
  detector: DetectorConfig,
  cameras: readonly string[],
  context: BuildContext,
): DetectorSettings {
  const { id, model, cameras: wanted, rateHz, workers, presence, ...others } = detector;
  // What nothing here resolves goes to the inference workers as it is.
  const { classes, ...inference } = others;
  return {
    id,
    ...modelSource(model, context),
    cameras: wanted === undefined ? cameras : cameras.filter((id) => wanted.includes(id)),
    rateHz: rateHz ?? null,
    inference: {
      ...inference,
      classes: classes ?? null,
      ...inference.providers.includes("openvino")
        ? { openVino: openVinoLibrary(context.root) }
        : {},
    },
    presence: presence === false ? null : presence,
    workers,
  };
}

function modelSource(model: string, context: BuildContext): ModelSource {
  const builtin = builtinModel(model, context.root);
  if (builtin !== null) return { model, ...builtin };
  const path = modelPath(model, context);
  assert(path.ok, "a model that passed the configuration's checks has no path");
  return {
    model,
    modelPath: path.value,
    resolvedPath: context.realPath(path.value),
    maxPixels: MAX_PIXELS.balanced,
    int8: null,
  };
}

function buildMqtt(mqtt: Config["mqtt"], context: BuildContext): MqttSettings {
  const address: BrokerAddress = mqtt.url?.address ??
    { scheme: "mqtt", path: "", ...(mqtt.listen ?? EMBEDDED_BROKER) };
  const password = secretText("mqtt.password", mqtt.password, context) ?? mqtt.url?.password ??
    null;
  const path = (named: string | undefined) =>
    named === undefined ? null : resolvePath(context.folder, named);
  return {
    address,
    isEmbedded: mqtt.url === undefined,
    displayUrl: shownBroker(address),
    username: mqtt.username ?? mqtt.url?.username ?? null,
    password: password === null ? null : new Secret(password),
    ca: path(mqtt.ca),
    cert: path(mqtt.cert),
    key: path(mqtt.key),
    protocol: mqtt.protocol === "3.1.1" ? "3.1.1" : 5,
    topicPrefix: mqtt.topicPrefix,
    qos: mqtt.qos,
    outbox: mqtt.outbox,
    homeAssistant: discoveryOf(mqtt.homeAssistant),
  };
}

function buildHealth(health: Config["health"], context: BuildContext): HealthSettings {
  const token = secretText("health.token", health.token, context);
  return {
    listen: health.listen,
    token: token === null ? null : new Secret(token),
    statsIntervalSeconds: health.statsIntervalSeconds,
  };
}

/** Returns a secret as written, or the content of its file. */
function secretText(
  place: string,
  secret: SecretConfig | undefined,
  context: BuildContext,
): string | null {
  if (secret === undefined) return null;
  if (typeof secret === "string") return secret;
  return context.secretFiles.values.get(place) ?? null;
}

/** Shorter paths of cameras are ordinary words, such as `/live`, and not redacted. */
const MIN_SECRET_PATH_LENGTH = 8;

/** Collects every text that must never be printed, as written and percent-decoded. */
function secretsOf(config: Config, others: readonly string[]): string[] {
  const found = new Set<string>(others);
  for (const { url } of config.cameras) {
    const { text, password, rest } = url;
    const path = rest.length < MIN_SECRET_PATH_LENGTH ? "" : rest;
    for (const secret of [password ?? "", path, ...querySecrets(text)]) {
      found.add(secret);
      found.add(percentDecoded(secret));
    }
  }
  if (config.mqtt.url !== undefined) {
    for (const secret of querySecrets(config.mqtt.url.text)) found.add(secret);
  }
  found.delete("");
  return [...found];
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== "object" || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
