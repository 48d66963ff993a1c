/** The settings of the workers, made from the configuration. */
import type {
  CameraSettings,
  DetectorSettings,
  MqttSettings,
  Settings,
} from "../../config/settings.ts";
import type { CameraSource } from "../../core/camera_types.ts";
import type { DetectorPlan, TrackingInput } from "../../core/detector_types.ts";
import type { PresencePlan } from "../../core/presence_types.ts";
import type {
  BrokerCheck,
  BrokerTarget,
  HomeAssistantPlan,
  OwnClient,
  PublisherPlan,
} from "../../core/publisher_types.ts";
import { VERSION } from "../../core/version.ts";
import { discoveryOf } from "../../mqtt/home_assistant.ts";
import { clientIdOf, rootTopic, topicsOf } from "../../mqtt/topics.ts";

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
  const { id, model, modelPath, resolvedPath, inference } = settings;
  const worker = `${id}-${index}`;
  const tracking = trackingInput(settings);
  return { detector: id, worker, model, modelPath, resolvedPath, tracking, ...inference };
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
  const homeAssistant = homeAssistantPlan(settings);
  const presence = presencePlan(settings);
  const run = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return { broker, instance, run, version, topicPrefix, qos, outbox, homeAssistant, presence };
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
    ...settings.cameras.map(({ id }) => topics.camera(id)),
    ...discovery?.configs.keys() ?? [],
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
    ],
    filters: [topics.control, ...(discovery === null ? [] : [discovery.filter])],
  };
}

function homeAssistantPlan(settings: Settings): HomeAssistantPlan | null {
  const { homeAssistant } = settings.mqtt;
  if (homeAssistant === null) return null;
  const { discoveryPrefix } = homeAssistant;
  const cameras = settings.cameras.map(({ id }) => {
    const detector = settings.detectors.find((each) =>
      each.cameras.includes(id) && detectsPersons(each)
    );
    return { camera: id, personDetector: detector?.id ?? null };
  });
  return { discoveryPrefix, cameras };
}

/** As far as the configuration shows; in the bundled models persons are class 0. */
function detectsPersons({ inference: { classes }, model }: DetectorSettings): boolean {
  return classes === null || classes.includes("person") ||
    (model.startsWith("builtin:") && classes.includes(0));
}
