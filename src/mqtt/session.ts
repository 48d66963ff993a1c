import type { BrokerError } from "../core/errors.ts";
import type { BrokerTarget } from "../core/publisher_types.ts";
import type { TlsFiles } from "./tls_files.ts";

/** The versions of MQTT that Orion speaks. */
export type MqttVersion = 5 | "3.1.1";

/** A message to publish. */
export interface OutgoingMessage {
  readonly topic: string;
  /** UTF-8 JSON, unless `contentType` names another. */
  readonly payload: string;
  readonly contentType?: "text/plain";
  /** The bytes of a JPEG, published in place of the payload. */
  readonly jpeg?: Uint8Array;
  /** Called when the bytes of the payload are about to be written to the socket: may change them in place. */
  readonly beforeWrite?: (payload: Uint8Array) => void;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** Message Expiry Interval (MQTT 5), or null for none. */
  readonly expirySeconds: number | null;
  /** It was in flight when a connection broke, and is sent again: DUP, with QoS 1. Absent: false. */
  readonly isRepeated?: boolean;
  /** With QoS 0: it keeps its place behind messages of QoS 1 that wait for the broker. Absent: false. */
  readonly isOrdered?: boolean;
  /** The connections that the broker may close on it before it is given up; absent: 2. */
  readonly maxBreaks?: number;
}

/** A message that matches a subscription. */
export interface IncomingMessage {
  readonly topic: string;
  /** As published: not necessarily JSON, nor UTF-8. */
  readonly payload: Uint8Array;
  /** Whether it was published before the subscription, and retained by the broker. */
  readonly retained: boolean;
}

/**
 * Reports the outcome of a PUBLISH or SUBSCRIBE, exactly once: null when the message was written to
 * the socket (QoS 0), or when PUBACK (QoS 1) or SUBACK came.
 */
export type DoneCallback = (error: BrokerError | null) => void;

export interface SessionOptions {
  readonly broker: BrokerTarget;
  readonly tls: TlsFiles;
  readonly protocol: MqttVersion;
  /**
   * The same for every session of an instance: the broker then closes a session whose connection broke
   * before it accepts the next one, so that a late will never overwrites `online`.
   */
  readonly clientId: string;
  readonly will: OutgoingMessage | null;
}

/** Why a session was closed. */
export interface SessionEnd {
  readonly error: BrokerError;
  /** The broker refused this version of MQTT; it may accept another. */
  readonly versionRefused: boolean;
  /** The broker closed the connection without a CONNACK, as some do on a version they do not know. */
  readonly withoutConnack: boolean;
}

/** The events of a session; `closed` comes exactly once, after every {@link DoneCallback}. */
export interface SessionEvents {
  connected(): void;
  message(message: IncomingMessage): void;
  closed(end: SessionEnd): void;
}

export interface CloseOptions {
  /** With a DISCONNECT the broker discards the will, without one it publishes the will. */
  readonly graceful: boolean;
  /** The connection is cut when it has not closed by then. */
  readonly timeoutMs: number;
}

/** A clean session, which lasts exactly as long as its network connection. */
export interface Session {
  /** Whether messages can be published: the broker accepted it, and it is not closed. */
  readonly connected: boolean;
  publish(message: OutgoingMessage, done: DoneCallback): void;
  /** Messages that match the filter come as `message`, until the session is closed. */
  subscribe(filter: string, qos: 0 | 1, done: DoneCallback): void;
  unsubscribe(filter: string): void;
  /** Closes it, and waits until the connection is closed. */
  close(options: CloseOptions): Promise<void>;
}

export type OpenSession = (options: SessionOptions, events: SessionEvents) => Session;
