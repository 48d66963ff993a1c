/** `orion check`: each worker once, with the permissions that it has in the service. */
import type { CameraSettings, DetectorSettings, Settings } from "../../config/settings.ts";
import { systemClock } from "../../core/clock.ts";
import {
  BrokerError,
  errorFromData,
  ModelError,
  OrionError,
  StreamError,
} from "../../core/errors.ts";
import { logTo } from "../../core/log.ts";
import { forbidTelemetry } from "../../core/telemetry.ts";
import { pinLibav } from "../../libav/pin.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import type { Places } from "../../permissions/places.ts";
import { WORKER_ENTRIES } from "./entries.ts";
import { type Spawners, threadSpawners } from "./spawners.ts";
import { loadedText } from "./worker_model.ts";
import { brokerCheck, captureSource, detectorPlan } from "./start_messages.ts";

/** What is checked. */
export interface CheckParts {
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly places: Places;
}

/** The time limit for a camera's worker to stop. */
const STOP_MS = 2000;

/**
 * Loads the model of a detector in a worker.
 * @returns its properties in a few words
 * @throws OrionError the error of the worker
 */
export async function checkModel(parts: CheckParts, settings: DetectorSettings): Promise<string> {
  forbidTelemetry();
  const ended = Promise.withResolvers<string>();
  const handle = spawners(parts).inference(settings.id)({
    name: `check-${settings.id}`,
    onMessage: (message) => {
      if (message.kind !== "ready") return;
      ended.resolve(`${settings.model}: ${loadedText(message)}`);
    },
    onFailed: (error) => ended.reject(new ModelError(error)),
  });
  try {
    const confinement = parts.manifest.confinements.get(`inference ${settings.id}`) ?? null;
    handle.post({ kind: "start", plan: detectorPlan(settings, 0), confinement });
    return await ended.promise;
  } finally {
    handle.terminate();
  }
}

/**
 * Connects to a camera once and waits for its first frame.
 * @returns the properties of the stream in a few words
 * @throws OrionError why there is no frame
 */
export async function checkCamera(parts: CheckParts, settings: CameraSettings): Promise<string> {
  const ended = Promise.withResolvers<string>();
  const handle = spawners(parts).capture(settings.id)({
    name: `check-${settings.id}`,
    onMessage: (message) => {
      if (message.kind !== "state") return;
      const { state, error, info } = message;
      if (state === "online") {
        ended.resolve(info === null ? "" : `${info.codec} ${info.width}x${info.height}`);
      } else if (state === "stalled" || state === "offline") {
        ended.reject(error === null ? noFrame(settings) : errorFromData(error));
      }
    },
    onFailed: (error) => ended.reject(new OrionError(error)),
  });
  pinLibav(parts.places.libav);
  const { roi, masks } = settings;
  try {
    handle.post({
      kind: "start",
      libraries: parts.places.libav,
      confinement: parts.manifest.confinements.get(`capture ${settings.id}`) ?? null,
      source: captureSource(settings, { roi, masks, firstSeq: 0 }),
    });
    const subscription = { detector: "check", rateHz: null, paused: false, pictures: false };
    handle.post({ kind: "subscribe", subscription });
    return await ended.promise;
  } finally {
    // In order, so that the camera gets a TEARDOWN; a thread that hangs is abandoned.
    await handle.stop(systemClock.sleep(STOP_MS));
  }
}

/**
 * Connects to the configured broker once, and reads back what it publishes to the service's topics.
 * @returns its properties in a few words; the embedded broker is not started
 * @throws BrokerError why the connection failed, or which topics the broker refuses
 */
export async function checkBroker(parts: CheckParts): Promise<string> {
  const { mqtt } = parts.settings;
  if (mqtt.isEmbedded) return `${mqtt.displayUrl}: embedded, started with the service`;
  const ended = Promise.withResolvers<string>();
  const handle = spawners(parts).publisher({
    name: "check-broker",
    onMessage: (message) => {
      if (message.kind !== "tried") return;
      ended.resolve(`${mqtt.displayUrl}: speaks MQTT ${message.protocol}`);
    },
    onFailed: (error) => ended.reject(new BrokerError(error)),
  });
  try {
    handle.post({ kind: "try", check: brokerCheck(parts.settings) });
    return await ended.promise;
  } finally {
    handle.terminate();
  }
}

/** Starts the workers of the service, without their logs. */
function spawners({ manifest }: CheckParts): Spawners {
  return threadSpawners({ entries: WORKER_ENTRIES, manifest, log: logTo(() => undefined) });
}

function noFrame({ id, displayUrl, stallTimeoutSeconds }: CameraSettings): StreamError {
  return new StreamError({
    code: "STREAM_STALLED",
    message:
      `Cannot get a picture of camera "${id}" (${displayUrl}): it accepted and then sent none ` +
      `for ${stallTimeoutSeconds} s`,
    retryable: true,
    remedy: "Check with another program whether the camera streams at all; restart it.",
  });
}
