import type { BrokerError } from "../core/errors.ts";
import type { BrokerTarget } from "../core/messages.ts";
import type { TlsFiles } from "./tls_files.ts";

/** The versions of MQTT that Orion speaks. */
export type MqttVersion = 5 | "3.1.1";

/** A message for the broker. */
export interface OutgoingMessage {
  readonly topic: string;
  /** UTF-8 JSON. */
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** How long a broker may keep it for somebody who is away (MQTT 5), or null for ever. */
  readonly expirySeconds: number | null;
}

/** A message from the broker. */
export interface IncomingMessage {
  readonly topic: string;
  /** Whatever was published: not necessarily JSON, nor UTF-8. */
  readonly payload: Uint8Array;
  /** The broker kept it from before the subscription. */
  readonly retained: boolean;
}

/** Told once: null when the message was written (QoS 0) or acknowledged (QoS 1). */
export type Settled = (error: BrokerError | null) => void;

export interface SessionOptions {
  readonly broker: BrokerTarget;
  readonly tls: TlsFiles;
  readonly protocol: MqttVersion;
  /**
   * The same for every connection of an instance: a broker then ends the one that broke before it
   * accepts the new one, so that a late last will never overwrites `online`.
   */
  readonly clientId: string;
  /** What the broker says for us should we vanish, or null for nothing. */
  readonly will: OutgoingMessage | null;
}

/** How a session ended. */
export interface SessionEnd {
  readonly error: BrokerError;
  /** The broker does not speak this version of MQTT; another may do. */
  readonly versionRefused: boolean;
  /** The broker hung up without any answer, as some do on a version they do not know. */
  readonly unanswered: boolean;
}

/** What happens to a session; `ended` comes exactly once, after every message was settled. */
export interface SessionEvents {
  accepted(): void;
  message(message: IncomingMessage): void;
  ended(end: SessionEnd): void;
}

export interface Session {
  /** Whether it can take messages: accepted by the broker and not ended. */
  readonly open: boolean;
  publish(message: OutgoingMessage, settled: Settled): void;
  /** What is published there comes as `message`, until the session ends. */
  subscribe(filter: string, qos: 0 | 1, settled: Settled): void;
  /**
   * Ends it, and waits until the connection is closed. In order, the broker forgets the last will;
   * otherwise it publishes it.
   * @param how.withinMs when the connection has not closed by then, it is cut and no longer waited for
   */
  end(how: { readonly inOrder: boolean; readonly withinMs: number }): Promise<void>;
}

export type OpenSession = (options: SessionOptions, events: SessionEvents) => Session;
