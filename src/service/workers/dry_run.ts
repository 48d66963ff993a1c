import type { CameraSettings, DetectorSettings, Settings } from "../../config/settings.ts";
import { systemClock } from "../../core/clock.ts";
import {
  BrokerError,
  errorFromData,
  ModelError,
  OrionError,
  StreamError,
} from "../../core/errors.ts";
import type { ErrorData } from "../../core/errors.ts";
import { logTo } from "../../core/log.ts";
import type {
  FromCapture,
  FromInference,
  FromPublisher,
  ToCapture,
  ToInference,
  ToPublisher,
} from "../../core/messages.ts";
import { forbidTelemetry } from "../../core/telemetry.ts";
import { pinLibav } from "../../libav/pin.ts";
import { workerPermissions } from "../../permissions/grant.ts";
import type { Manifest } from "../../permissions/manifest.ts";
import type { Places } from "../../permissions/places.ts";
import { brokerTarget, captureSource, detectorPlan } from "./start_messages.ts";
import { WORKER_ENTRIES } from "./entries.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** What is checked, and with which permissions: those the service itself would have. */
export interface CheckParts {
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly places: Places;
}

/** How long a camera's worker may take to end. */
const STOP_MS = 2000;

/** What a check hears of a worker is not for the log. */
const SILENT = logTo(() => undefined);

/**
 * Loads a detector's model in a worker as the service does.
 * @returns what is known of it, in a few words
 * @throws OrionError what the worker failed with
 */
export async function checkModel(parts: CheckParts, settings: DetectorSettings): Promise<string> {
  forbidTelemetry();
  const ended = Promise.withResolvers<string>();
  const handle = new WorkerHandle<ToInference, FromInference>({
    entry: WORKER_ENTRIES.inference,
    name: `check-${settings.id}`,
    permissions: workerPermissions(parts.manifest.inference(settings.id)),
    log: SILENT,
    onMessage: (message) => {
      if (message.kind !== "ready") return;
      const { input, classes, provider } = message;
      ended.resolve(
        `${settings.model}: ${input.width}x${input.height}, ${classes.length} classes, ` +
          `runs on ${provider}`,
      );
    },
    onFailed: (error) => ended.reject(new ModelError(error)),
  });
  try {
    handle.post({ kind: "start", plan: detectorPlan(settings, 0) });
    return await ended.promise;
  } finally {
    handle.release();
  }
}

/**
 * Opens a camera once and waits for its first picture.
 * @returns what is known of the stream, in a few words
 * @throws OrionError why there is no picture
 */
export async function checkCamera(parts: CheckParts, settings: CameraSettings): Promise<string> {
  const ended = Promise.withResolvers<string>();
  let stream = "";
  let failure: ErrorData | null = null;
  // The state carries the code alone; the words come just before it, as a log line.
  const log = logTo(({ event, fields }) => {
    if (event === "camera.stream_changed") {
      stream = `${fields["codec"]} ${fields["width"]}x${fields["height"]}`;
    } else if (event === "camera.failed" && isErrorData(fields)) failure = fields;
  });
  const handle = new WorkerHandle<ToCapture, FromCapture>({
    entry: WORKER_ENTRIES.capture,
    name: `check-${settings.id}`,
    permissions: workerPermissions(parts.manifest.capture(settings.id)),
    log,
    onMessage: (message) => {
      if (message.kind !== "state") return;
      if (message.state === "online") ended.resolve(stream);
      else if (message.state === "stalled") ended.reject(noPicture(settings));
      else if (message.state === "offline") {
        ended.reject(failure === null ? noPicture(settings) : errorFromData(failure));
      }
    },
    onFailed: (error) => ended.reject(new OrionError(error)),
  });
  pinLibav(parts.places.libav);
  try {
    handle.post({
      kind: "start",
      libraries: parts.places.libav,
      source: captureSource(settings, { roi: settings.roi, firstSeq: 0 }),
    });
    const subscription = { detector: "check", rateHz: null, paused: false };
    handle.post({ kind: "subscribe", subscription });
    return await ended.promise;
  } finally {
    // In order, so that the camera is told; one that is stuck is left behind.
    await handle.stop({ kind: "stop" }, systemClock.sleep(STOP_MS));
  }
}

/**
 * Connects to the configured broker once.
 * @returns what is known of it, in a few words; of the embedded one that it is not running yet
 * @throws BrokerError why it cannot be connected to
 */
export async function checkBroker({ settings, manifest }: CheckParts): Promise<string> {
  const { mqtt } = settings;
  if (mqtt.isEmbedded) return `${mqtt.displayUrl}: embedded, started with the service`;
  const ended = Promise.withResolvers<string>();
  const handle = new WorkerHandle<ToPublisher, FromPublisher>({
    entry: WORKER_ENTRIES.publisher,
    name: "check-broker",
    permissions: workerPermissions(manifest.publisher),
    log: SILENT,
    onMessage: (message) => {
      if (message.kind !== "tried") return;
      ended.resolve(`${mqtt.displayUrl}: speaks MQTT ${message.protocol}`);
    },
    onFailed: (error) => ended.reject(new BrokerError(error)),
  });
  try {
    handle.post({ kind: "try", broker: brokerTarget(mqtt) });
    return await ended.promise;
  } finally {
    handle.release();
  }
}

function noPicture({ id, displayUrl, stallTimeoutSeconds }: CameraSettings): StreamError {
  return new StreamError({
    code: "STREAM_STALLED",
    message:
      `Cannot get a picture of camera "${id}" (${displayUrl}): it accepted and then sent none ` +
      `for ${stallTimeoutSeconds} s`,
    retryable: true,
    remedy: "Look whether the camera streams at all, with another program; restart it.",
  });
}

function isErrorData(fields: object): fields is ErrorData {
  return "code" in fields && "message" in fields && "retryable" in fields && "remedy" in fields;
}
