/** What the settings mean to the workers. */
import type {
  CameraSettings,
  DetectorSettings,
  MqttSettings,
  Settings,
} from "../../config/settings.ts";
import type { BoxNorm } from "../../core/geometry.ts";
import type {
  BrokerTarget,
  CameraSource,
  DetectorPlan,
  HomeAssistantPlan,
  PublisherPlan,
} from "../../core/messages.ts";
import type { OwnClient } from "../../core/own_client.ts";
import { clientIdOf, rootTopic } from "../../mqtt/topics.ts";

/** What a camera's thread is called. */
export function captureName(camera: string): string {
  return `capture-${camera}`;
}

/** A camera as its capture worker needs to know it, credentials in clear. */
export function captureSource(
  settings: CameraSettings,
  now: { readonly roi: BoxNorm | null; readonly firstSeq: number },
): CameraSource {
  const { id, url, stallTimeoutSeconds, reconnectMaxSeconds, maxPixels } = settings;
  const { file, loop, demuxer, transport, track, allowRedirect, udpPorts, maxUnitBytes } = settings;
  const { decoder, decode, rotate, aspect, masks } = settings;
  return {
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
    maxUnitBytes,
    maxPixels,
    reconnectMaxMs: reconnectMaxSeconds * 1000,
    decoder,
    decode,
    rotate,
    aspect,
    masks,
    stallTimeoutMs: stallTimeoutSeconds * 1000,
    ...now,
  };
}

/** null where nothing is said, which stands for the name and the system's authorities. */
function tlsOf({ ca, fingerprint, insecure }: CameraSettings): CameraSource["tls"] {
  return ca === null && fingerprint === null && !insecure ? null : { ca, fingerprint, insecure };
}

/** A detector as the worker at `index` of its pool needs to know it. */
export function detectorPlan(settings: DetectorSettings, index: number): DetectorPlan {
  const { id, model, modelPath, confidence, iou, classes, threads } = settings;
  const worker = `${id}-${index}`;
  return { detector: id, worker, model, modelPath, confidence, iou, classes, threads };
}

/** How the publisher reaches its broker, credentials in clear. */
export function brokerTarget(mqtt: MqttSettings): BrokerTarget {
  return {
    address: mqtt.address,
    username: mqtt.username,
    password: mqtt.password?.expose() ?? null,
    ca: mqtt.ca,
    cert: mqtt.cert,
    key: mqtt.key,
    // The embedded broker speaks nothing newer.
    protocol: mqtt.isEmbedded ? "3.1.1" : mqtt.protocol,
  };
}

/** What the publisher shows the embedded broker, so that no other client is taken for it. */
export function ownClient({ instance, mqtt: { topicPrefix } }: Settings): OwnClient {
  const plan = { instance, topicPrefix };
  return {
    clientId: clientIdOf(plan),
    password: crypto.randomUUID(),
    rootTopic: rootTopic(plan),
  };
}

/**
 * The publisher as its thread needs to know it, credentials in clear.
 * @param own  what the embedded broker knows it by
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
  return { broker, instance, version, topicPrefix, qos, outbox, homeAssistant };
}

function homeAssistantPlan(settings: Settings): HomeAssistantPlan | null {
  const { homeAssistant } = settings.mqtt;
  if (homeAssistant === null) return null;
  const { discoveryPrefix } = homeAssistant;
  const cameras = settings.cameras.map(({ id }) => {
    const looks = settings.detectors.find((detector) =>
      detector.cameras.includes(id) && looksForPersons(detector)
    );
    return { camera: id, personDetector: looks?.id ?? null };
  });
  return { discoveryPrefix, cameras };
}

/** As far as the configuration tells: the bundled models call persons class 0. */
function looksForPersons({ classes, model }: DetectorSettings): boolean {
  return classes === null || classes.includes("person") ||
    (model.startsWith("builtin:") && classes.includes(0));
}
