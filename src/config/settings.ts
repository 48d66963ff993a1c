/**
 * The settings: parsed once, validated, complete and frozen. Defaults are filled in, paths are absolute,
 * references are resolved.
 */
import type { BrokerAddress } from "../core/broker_address.ts";
import type { StreamSettings } from "../core/camera_types.ts";
import type { ControlCommand } from "../core/commands.ts";
import type { LandlockSetting } from "../core/confinement.ts";
import type { InferenceSettings, ModelSource } from "../core/detector_types.ts";
import type { Endpoint } from "../core/endpoint.ts";
import type { BoxNorm, PointNorm } from "../core/geometry.ts";
import type { Line, PresenceSettings, Zone } from "../core/presence_types.ts";
import type { OutboxPlan } from "../core/publisher_types.ts";
import type { Secret } from "../core/secret.ts";

export type CameraKind = "rtsp" | "rtsps" | "file" | "demo";

export interface CameraSettings {
  readonly id: string;
  /** The URL to open, with credentials; for files the absolute path. */
  readonly url: Secret;
  /** The URL without credentials, for display. */
  readonly displayUrl: string;
  readonly kind: CameraKind;
  /** The absolute path of a local file (the bundled clip for `demo:`), or null for a stream. */
  readonly file: string | null;
  /** Repeats the file for ever; always set for `demo:`. */
  readonly loop: boolean;
  /** The RTSP client: Orion's own under Deno's permissions, or libav's. Files are opened by libav. */
  readonly demuxer: "orion" | "libav";
  readonly transport: "tcp" | "udp" | "auto";
  /** Index of the track among the media sections; null for the largest that sends. */
  readonly track: number | null;
  /** Where the camera answers; null for a file. */
  readonly endpoint: Endpoint | null;
  /** The absolute path of the PEM file with the CA certificates of the camera. */
  readonly caPath: string | null;
  /** The certificates of that file as PEM; "" when reading was deferred. */
  readonly ca: string | null;
  /** SHA-256 of the one certificate that is accepted: 64 hexadecimal digits in lower case. */
  readonly fingerprint: string | null;
  /** Accepts any certificate. */
  readonly insecure: boolean;
  /** Other hosts that the camera may redirect to. */
  readonly allowRedirect: readonly Endpoint[];
  /** The local ports for RTP and RTCP where Orion's own client may use UDP; else null. */
  readonly udpPorts: readonly [rtp: number, rtcp: number] | null;
  /** Whether the configuration names them; else they come from the camera's place in the list. */
  readonly hasOwnUdpPort: boolean;
  /** The longest delay between connections. */
  readonly reconnectMaxSeconds: number;
  /** What the capture worker gets as it is. */
  readonly stream: StreamSettings;
  /** In fractions of the picture as shown. */
  readonly roi: BoxNorm | null;
  /** Polygons of at least three points, blacked out before inference. */
  readonly masks: readonly (readonly PointNorm[])[];
  readonly zones: readonly Zone[];
  readonly lines: readonly Line[];
  readonly stallTimeoutSeconds: number;
}

export interface DetectorSettings extends ModelSource {
  readonly id: string;
  /** Ids of its cameras, never empty, in the order of `cameras`. */
  readonly cameras: readonly string[];
  /** Per camera; null for unlimited. */
  readonly rateHz: number | null;
  /** What the inference workers get as it is. */
  readonly inference: InferenceSettings;
  /** null: no tracking, no presence. */
  readonly presence: PresenceSettings | null;
  /** Size of this detector's pool. */
  readonly workers: number;
}

export interface MqttSettings {
  /** Of the embedded broker or another. */
  readonly address: BrokerAddress;
  /** No broker is configured: the embedded one is used. */
  readonly isEmbedded: boolean;
  /** The URL without credentials, for display. */
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
  /** How inference messages are kept while the broker is not connected. */
  readonly outbox: OutboxPlan;
  readonly homeAssistant: { readonly discoveryPrefix: string } | null;
}

export interface HealthSettings {
  /** Address of the HTTP interface, or null for `off`. */
  readonly listen: Endpoint | null;
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
  /** The permitted commands; null for all. */
  readonly control: { readonly allow: readonly ControlCommand["command"][] | null };
  /** Whether the kernel confines the threads that run native code. */
  readonly confinement: { readonly landlock: LandlockSetting };
  /** The folder of `set_model`'s models: an absolute path; it need not exist. */
  readonly models: { readonly folder: string };
  /** The absolute path of the configuration file; null for the demo. */
  readonly path: string | null;
  /** Absolute paths of the secret files. */
  readonly secretFiles: readonly string[];
  /** The environment variables that the file references. */
  readonly environment: readonly string[];
  /** Warnings about unsafe settings, without credentials. */
  readonly warnings: readonly string[];
  /** Every secret in clear, for the {@link Redactor} and nothing else. */
  secrets(): string[];
}

/**
 * The default of the first camera's local UDP ports: above Linux's ephemeral ports (32768 to 60999), so
 * that no outgoing connection occupies it.
 */
export const FIRST_UDP_PORT = 61_000;

/**
 * Returns the local ports for RTP (even) and RTCP of the camera at `index`: fixed, so that they can be
 * granted.
 * @param rtp  the first of them, when configured
 */
export function udpPorts(
  index: number,
  rtp = FIRST_UDP_PORT + 2 * index,
): readonly [rtp: number, rtcp: number] {
  return [rtp, rtp + 1];
}

/** The UDP ports of `probe`: above those of the last possible camera (`MAX_CAMERAS`). */
export const PROBE_UDP_PORTS: readonly [rtp: number, rtcp: number] = [61_998, 61_999];

/** The default address of the embedded broker. */
export const EMBEDDED_BROKER: Endpoint = { hostname: "127.0.0.1", port: 1883 };
