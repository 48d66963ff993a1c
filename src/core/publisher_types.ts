/** The settings of the publisher and of the embedded broker, and the state of the connection. */
import type { BrokerAddress } from "./broker_address.ts";
import type { WallMs } from "./clock.ts";
import type { ControlCommand } from "./commands.ts";
import type { ErrorData } from "./errors.ts";
import type { PresencePlan } from "./presence_types.ts";

/** How to connect to the broker. Holds credentials in clear: passed to the MQTT client alone. */
export interface BrokerTarget {
  readonly address: BrokerAddress;
  readonly username: string | null;
  readonly password: string | null;
  /** Paths of PEM files. */
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly protocol: 5 | "3.1.1";
}

/** Which inference messages are kept while the broker is not connected. */
export interface OutboxPlan {
  /** `latest`: the newest of every camera and detector; `queue`: all of them, in order. */
  readonly policy: "latest" | "queue";
  /** The number of messages; beyond it the oldest are discarded. */
  readonly max: number;
}

/** A detector as Home Assistant shows it. */
export interface HomeAssistantDetector {
  readonly detector: string;
  /** As configured. */
  readonly confidence: number;
  /** The names of its classes as far as the configuration has them. */
  readonly classes: readonly string[];
  /** Whether those are all that it looks for. */
  readonly hasAllClasses: boolean;
}

/** A camera as Home Assistant shows it. */
export interface HomeAssistantCamera {
  readonly camera: string;
  readonly detectors: readonly HomeAssistantDetector[];
}

/** The settings of Home Assistant discovery. */
export interface HomeAssistantPlan {
  readonly discoveryPrefix: string;
  /** The address of the page; null where there is none, or its host is not known. */
  readonly pageUrl: string | null;
  /** The permitted commands; null for all. */
  readonly allow: readonly ControlCommand["command"][] | null;
  readonly cameras: readonly HomeAssistantCamera[];
}

/** The settings of the publisher. */
export interface PublisherPlan {
  readonly broker: BrokerTarget;
  readonly instance: string;
  /** Drawn at random by each run of the process, and the same for all threads of the publisher. */
  readonly run: number;
  readonly version: string;
  readonly topicPrefix: string;
  readonly qos: { readonly inferences: 0 | 1; readonly control: 0 | 1; readonly health: 0 | 1 };
  readonly outbox: OutboxPlan;
  /** null: no discovery messages. */
  readonly homeAssistant: HomeAssistantPlan | null;
  readonly presence: PresencePlan;
  /** How long a stop may take for the messages in flight. */
  readonly flushMs: number;
}

/** The settings of the publisher that another configuration can replace while it runs. */
export type Replan = Pick<PublisherPlan, "homeAssistant" | "presence">;

/** A topic that the service publishes to, as a check of the broker tries it. */
export interface CheckedTopic {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** What a check of the broker tries: to connect, to subscribe, and to read back what it publishes. */
export interface BrokerCheck {
  readonly broker: BrokerTarget;
  /** The retained status of the instance, one of {@link topics}. */
  readonly status: string;
  readonly topics: readonly CheckedTopic[];
  /** What the service subscribes to besides. */
  readonly filters: readonly string[];
}

/** The credentials of the publisher at the embedded broker; generated at each start. */
export interface OwnClient {
  readonly clientId: string;
  readonly password: string;
  /** The prefix of its own topics: `PREFIX/INSTANCE`. */
  readonly rootTopic: string;
}

/** The kinds of topics, as the metrics label them. */
export type TopicKind =
  | ("status" | "camera" | "inference" | "health" | "ack" | "discovery")
  | ("presence" | "occupancy" | "crossing" | "picture" | "switch")
  /** The open stays, retained for the next run. */
  | "stays";

/** Why a message was discarded. */
export type DiscardReason =
  /** A newer message of its topic took its place before it was sent. */
  | "superseded"
  /** It waited too long. */
  | "stale"
  /** Too many waited. */
  | "full"
  /** With QoS 0: the connection broke before the message was written. */
  | "connection-lost"
  /**
   * With QoS 1: it was in flight when the connection broke, and was not sent again because it was too old,
   * replaced, or Orion stopped. The broker may have received it.
   */
  | "unacknowledged"
  /** The broker refused it, or its size. */
  | "refused"
  /** The broker closed the connection on it twice; on one of presence five times. */
  | "closes-connection"
  /** It waited or was produced while Orion stopped. */
  | "shutdown"
  /** It waited in a publisher's thread that was replaced. */
  | "restart";

/**
 * What became of the messages of one kind, at every moment:
 *
 *     produced = published + discarded + waiting
 */
export interface MessageAccount {
  /** A retained message counts for each connection that it is to be published on. */
  readonly produced: number;
  /** Acknowledged by the broker (QoS 1), or written to the socket (QoS 0). */
  readonly published: number;
  readonly discarded: Readonly<Partial<Record<DiscardReason, number>>>;
  /** Not sent yet, or in flight. */
  readonly waiting: number;
}

/** The accounts of the kinds that had a message. */
export type MessageAccounts = Readonly<Partial<Record<TopicKind, MessageAccount>>>;

/** The connection to the broker at one moment. */
export interface BrokerState {
  readonly connected: boolean;
  readonly sinceMs: WallMs;
  /** Why it is not connected, or null. */
  readonly error: ErrorData | null;
  readonly protocol: 5 | "3.1.1" | null;
  readonly reconnects: number;
  /** What is wrong although it is connected, or null. */
  readonly problem: ErrorData | null;
}
