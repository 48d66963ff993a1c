/**
 * What Orion was told to do: parsed once, complete, checked and frozen. Every default is filled in,
 * every path absolute, every reference resolved.
 */
import type { DecodeSetting } from "../core/camera_types.ts";
import type { ControlCommand } from "../core/commands.ts";
import type { BoxNorm, PointNorm } from "../core/geometry.ts";
import type { OutboxPlan } from "../core/publisher_types.ts";
import type { Secret } from "../core/secret.ts";

/** Host and port of a listener, a broker or a camera. */
export interface Endpoint {
  /** Without the brackets of an IPv6 address. */
  readonly hostname: string;
  readonly port: number;
}

export type CameraKind = "rtsp" | "rtsps" | "file" | "demo";

export interface CameraSettings {
  readonly id: string;
  /** What is opened, credentials included; for files the absolute path. */
  readonly url: Secret;
  /** The URL as it may be shown: without credentials. */
  readonly displayUrl: string;
  readonly kind: CameraKind;
  /** The absolute path of a local file (the bundled clip for `demo:`), or null for a stream. */
  readonly file: string | null;
  /** The file starts again from its beginning for ever; always so for `demo:`. */
  readonly loop: boolean;
  /**
   * What speaks RTSP: Orion itself under Deno's permissions, or libav. Files are always libav's.
   */
  readonly demuxer: "orion" | "libav";
  readonly transport: "tcp" | "udp" | "auto";
  /** The place of the wanted track among the media sections; null for the largest that sends. */
  readonly track: number | null;
  /** Where the camera answers; null for a file. */
  readonly endpoint: Endpoint | null;
  /** The absolute path of the PEM file with the authorities that sign the camera's certificate. */
  readonly caPath: string | null;
  /** The certificates in that file, as PEM; "" where reading was put off. */
  readonly ca: string | null;
  /** SHA-256 of the one certificate that is accepted: 64 hexadecimal digits in lower case. */
  readonly fingerprint: string | null;
  /** Whatever certificate is shown is accepted. */
  readonly insecure: boolean;
  /** Other hosts that the camera may send its clients to. */
  readonly allowRedirect: readonly Endpoint[];
  /** The local ports for RTP and RTCP, where it may be received over UDP by Orion itself. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  /** Larger access units are dropped. */
  readonly maxUnitBytes: number;
  /** Streams with larger pictures are refused: width times height. */
  readonly maxPixels: number;
  /** The longest delay between connections. */
  readonly reconnectMaxSeconds: number;
  /** `auto`, or the name of a libav decoder. */
  readonly decoder: string;
  readonly decode: DecodeSetting;
  /** Degrees clockwise, beyond what the stream says. */
  readonly rotate: 0 | 90 | 180 | 270;
  /** The width of the picture by its height before that, or null for what the stream says. */
  readonly aspect: number | null;
  /** In fractions of the picture as shown. */
  readonly roi: BoxNorm | null;
  /** Polygons of at least three points that are blacked out before inference. */
  readonly masks: readonly (readonly PointNorm[])[];
  readonly stallTimeoutSeconds: number;
}

export interface DetectorSettings {
  readonly id: string;
  /** As configured: `builtin:person` or a path. */
  readonly model: string;
  /** The absolute path of the model's file. */
  readonly modelPath: string;
  /** Ids of the cameras it looks at, never empty, in the order of `cameras`. */
  readonly cameras: readonly string[];
  /** Per camera; null for as fast as it can. */
  readonly rateHz: number | null;
  readonly confidence: number;
  readonly iou: number;
  /** Names or numbers; null for all of the model's. */
  readonly classes: readonly (string | number)[] | null;
  /** ONNX Runtime's threads within one operator. */
  readonly threads: number;
  /** Workers in this detector's pool. */
  readonly workers: number;
}

export interface MqttSettings {
  /** The broker's URL without credentials, or null for the embedded broker. */
  readonly url: string | null;
  readonly hostname: string;
  readonly port: number;
  /** How the broker is shown: its URL without credentials, for the embedded one `mqtt://127.0.0.1:1883`. */
  readonly displayUrl: string;
  readonly username: string | null;
  readonly password: Secret | null;
  /** Absolute paths of PEM files. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly protocol: 5 | "3.1.1";
  readonly topicPrefix: string;
  readonly qos: { readonly inferences: 0 | 1; readonly control: 0 | 1; readonly health: 0 | 1 };
  /** What becomes of inference messages while the broker is away. */
  readonly outbox: OutboxPlan;
  readonly homeAssistant: { readonly discoveryPrefix: string } | null;
}

export interface HealthSettings {
  /** Where the HTTP interface listens, or null for `off`. */
  readonly listen: { readonly hostname: string; readonly port: number } | null;
  readonly token: Secret | null;
  readonly statsIntervalSeconds: number;
}

export interface WatchdogSettings {
  readonly intervalSeconds: number;
  readonly minTimeoutSeconds: number;
  /** Restarts per worker within ten minutes. */
  readonly maxRestarts: number;
}

export interface Settings {
  readonly instance: string;
  /** At least one. */
  readonly cameras: readonly CameraSettings[];
  readonly detectors: readonly DetectorSettings[];
  readonly mqtt: MqttSettings;
  readonly health: HealthSettings;
  readonly watchdog: WatchdogSettings;
  readonly shutdownTimeoutSeconds: number;
  /** The commands that are carried out; null for all of them. */
  readonly control: { readonly allow: readonly ControlCommand["command"][] | null };
  /** Where `set_model` finds models: an absolute path; the folder need not exist. */
  readonly models: { readonly folder: string };
  /** The absolute path of the file this was read from; null for the demo. */
  readonly path: string | null;
  /** Absolute paths of the files that secrets are read from. */
  readonly secretFiles: readonly string[];
  /** The environment variables the file names with `${NAME}`. */
  readonly environment: readonly string[];
  /** What is allowed but unwise, as sentences without credentials. */
  readonly warnings: readonly string[];
  /** Every secret in clear, for the {@link Redactor} and nothing else. */
  secrets(): string[];
}

/** The ports a URL scheme stands for when it names none. */
export const MQTT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

export const RTSP_PORTS = { rtsp: 554, rtsps: 322 } as const;

/**
 * The local UDP ports of the first camera begin here, unless `udpPort` says otherwise: beyond those that
 * Linux gives to outgoing connections (32768 to 60999), so that none of them is taken by accident.
 */
export const FIRST_UDP_PORT = 61_000;

/**
 * The local ports for RTP (even) and RTCP of the camera at `index`: fixed, so that they can be granted.
 * @param rtp  the first of them, where the configuration names it
 */
export function udpPorts(
  index: number,
  rtp = FIRST_UDP_PORT + 2 * index,
): readonly [rtp: number, rtcp: number] {
  return [rtp, rtp + 1];
}

/** The ports of `probe`: beyond those of the last camera there may be (`MAX_CAMERAS`). */
export const PROBE_UDP_PORTS: readonly [rtp: number, rtcp: number] = [61_998, 61_999];

/** Where the embedded broker listens unless `mqtt.listen` says otherwise. */
export const EMBEDDED_BROKER = { hostname: "127.0.0.1", port: 1883 } as const;

/** Ids of instances, cameras and detectors. */
export const ID_PATTERN = /^[a-z0-9-]{1,64}$/;
