/** The settings of the workers, made from the configuration. */
import { BUILTIN } from "../../config/models.ts";
import type {
  CameraSettings,
  DetectorSettings,
  MqttSettings,
  Settings,
} from "../../config/settings.ts";
import type { CameraSource } from "../../core/camera_types.ts";
import type { DetectorPlan, TrackingInput } from "../../core/detector_types.ts";
import { type Endpoint, endpointText } from "../../core/endpoint.ts";
import type { PresencePlan } from "../../core/presence_types.ts";
import type {
  BrokerCheck,
  BrokerTarget,
  HomeAssistantDetector,
  HomeAssistantPlan,
  OwnClient,
  PublisherPlan,
  Replan,
} from "../../core/publisher_types.ts";
import { VERSION } from "../../core/version.ts";
import { COCO_LABELS } from "../../inference/labels.ts";
import { discoveryOf } from "../../mqtt/home_assistant/discovery.ts";
import { presenceFilters, presenceTopics } from "../../mqtt/presence_topics.ts";
import { clientIdOf, rootTopic, topicsOf } from "../../mqtt/topics.ts";

/** Addresses to listen on that are no place to go to. */
const EVERY_ADDRESS: readonly string[] = ["0.0.0.0", "::"];

/** The settings of a capture worker, credentials in clear. */
export function captureSource(
  settings: CameraSettings,
  now: Pick<CameraSource, "roi" | "masks" | "firstSeq">,
): CameraSource {
  const { id, url, stallTimeoutSeconds, reconnectMaxSeconds } = settings;
  const { file, loop, demuxer, transport, track, allowRedirect, udpPorts } = settings;
  return {
    ...settings.stream,
    camera: id,
    url: url.expose(),
    file,
    loop,
    demuxer,
    transport,
    track,
    tls: tlsOf(settings),
    allowRedirect,
    udpPorts,
    reconnectMaxMs: reconnectMaxSeconds * 1000,
    stallTimeoutMs: stallTimeoutSeconds * 1000,
    ...now,
  };
}

/** null where nothing is configured: verified by host name and the system's authorities. */
function tlsOf({ ca, fingerprint, insecure }: CameraSettings): CameraSource["tls"] {
  return ca === null && fingerprint === null && !insecure ? null : { ca, fingerprint, insecure };
}

/** The settings of the inference worker at `index` of its pool. */
export function detectorPlan(settings: DetectorSettings, index: number): DetectorPlan {
  const { id, model, modelPath, resolvedPath, maxPixels, int8, inference } = settings;
  const worker = `${id}-${index}`;
  const tracking = trackingInput(settings);
  const source = { model, modelPath, resolvedPath, maxPixels, int8 };
  return { detector: id, worker, ...source, tracking, ...inference };
}

/** Trackers continue a track by detections down to this confidence. */
const WEAK_CONFIDENCE = 0.1;

function trackingInput({ presence, inference }: DetectorSettings): TrackingInput | null {
  if (presence === null) return null;
  return {
    minConfidence: Math.min(inference.confidence, WEAK_CONFIDENCE),
    sharpness: presence.snapshot !== "none",
  };
}

/** How the publisher connects to its broker, credentials in clear. */
export function brokerTarget(mqtt: MqttSettings): BrokerTarget {
  return {
    address: mqtt.address,
    username: mqtt.username,
    password: mqtt.password?.expose() ?? null,
    ca: mqtt.ca,
    cert: mqtt.cert,
    key: mqtt.key,
    // The embedded broker supports nothing newer.
    protocol: mqtt.isEmbedded ? "3.1.1" : mqtt.protocol,
  };
}

/** The publisher's credentials at the embedded broker, so that no other client can take its place. */
export function ownClient({ instance, mqtt: { topicPrefix } }: Settings): OwnClient {
  const plan = { instance, topicPrefix };
  return {
    clientId: clientIdOf(plan),
    password: crypto.randomUUID(),
    rootTopic: rootTopic(plan),
  };
}

/** The part of the time of a shutdown for the last messages; `offline` follows them. */
const FLUSH_SHARE = 0.6;

/**
 * The settings of the publisher, credentials in clear.
 * @param own  its credentials at the embedded broker
 */
export function publisherPlan(
  settings: Settings,
  version: string,
  own: OwnClient,
): PublisherPlan {
  const { instance, mqtt: { topicPrefix, qos, outbox, isEmbedded } } = settings;
  const target = brokerTarget(settings.mqtt);
  const broker = isEmbedded
    ? { ...target, username: own.clientId, password: own.password }
    : target;
  const run = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const flushMs = settings.shutdownTimeoutSeconds * 1000 * FLUSH_SHARE;
  const plan = { broker, instance, run, version, topicPrefix, qos, outbox, flushMs };
  return { ...plan, ...replanOf(settings) };
}

/** The part of them that another configuration can replace. */
export function replanOf(settings: Settings): Replan {
  return { homeAssistant: homeAssistantPlan(settings), presence: presencePlan(settings) };
}

function presencePlan({ cameras, detectors }: Settings): PresencePlan {
  return {
    detectors: detectors.flatMap(({ id: detector, cameras, presence }) =>
      presence === null ? [] : [{ detector, cameras, settings: presence }]
    ),
    scenes: cameras.map(({ id: camera, zones, lines }) => ({ camera, zones, lines })),
  };
}

/** What a check of the broker tries: every topic of the service, with its QoS. */
export function brokerCheck(settings: Settings): BrokerCheck {
  const plan = publisherPlan(settings, VERSION, ownClient(settings));
  const { broker, qos } = plan;
  const topics = topicsOf(plan);
  const discovery = discoveryOf(plan, topics);
  const retained = [
    topics.status,
    ...settings.cameras.flatMap(({ id }) => [topics.camera(id), topics.detect(id)]),
    ...discovery === null ? [] : oneOfEachComponent([...discovery.configs.keys()]),
  ];
  const inferences = settings.detectors.flatMap(({ id, cameras }) =>
    cameras.map((camera) => topics.inference(camera, id))
  );
  return {
    broker,
    status: topics.status,
    topics: [
      ...inferences.map((topic) => ({ topic, qos: qos.inferences, retain: false })),
      { topic: topics.ack, qos: qos.control, retain: false },
      { topic: topics.health, qos: qos.health, retain: true },
      ...retained.map((topic) => ({ topic, qos: 1 as const, retain: true })),
      ...presenceTopics(plan.presence, topics),
    ],
    filters: [
      ...[topics.control, ...presenceFilters(topics)],
      ...(discovery === null ? [] : [discovery.filter]),
    ],
  };
}

/** Rules of a broker may distinguish components and instances, not the entities of one. */
function oneOfEachComponent(topics: readonly string[]): string[] {
  const components = new Map(topics.map((topic) => [topic.split("/").at(-4), topic]));
  return [...components.values()];
}

function homeAssistantPlan(settings: Settings): HomeAssistantPlan | null {
  const { homeAssistant } = settings.mqtt;
  if (homeAssistant === null) return null;
  const { discoveryPrefix } = homeAssistant;
  return {
    discoveryPrefix,
    pageUrl: pageUrl(settings.health.listen),
    allow: settings.control.allow,
    cameras: settings.cameras.map(({ id }) => ({
      camera: id,
      detectors: settings.detectors.filter(({ cameras }) => cameras.includes(id)).map(
        shownDetector,
      ),
    })),
  };
}

/** null where the page is off, or where its host or port is not in the configuration. */
function pageUrl(listen: Endpoint | null): string | null {
  const isKnown = listen !== null && listen.port !== 0 && !EVERY_ADDRESS.includes(listen.hostname);
  return isKnown ? `http://${endpointText(listen)}/` : null;
}

function shownDetector({ id, model, inference }: DetectorSettings): HomeAssistantDetector {
  const { confidence, classes } = inference;
  const isBuiltin = model.startsWith(BUILTIN);
  // The bundled models know 80 classes, and are there for one.
  if (classes === null) {
    const known = isBuiltin ? ["person"] : [];
    return { detector: id, confidence, classes: known, hasAllClasses: false };
  }
  const names = classes.map((each) =>
    typeof each === "string" ? each : isBuiltin ? COCO_LABELS[each] ?? null : null
  );
  const known = [...new Set(names.filter((name) => name !== null))];
  return { detector: id, confidence, classes: known, hasAllClasses: !names.includes(null) };
}
