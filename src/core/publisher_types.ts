/** The settings of the publisher and of the embedded broker, and the state of the connection. */
import type { BrokerAddress } from "./broker_address.ts";
import type { WallMs } from "./clock.ts";
import type { ErrorData } from "./errors.ts";

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

/** The settings of Home Assistant discovery. */
export interface HomeAssistantPlan {
  readonly discoveryPrefix: string;
  /** For each camera the detector of persons, or null. */
  readonly cameras: readonly { readonly camera: string; readonly personDetector: string | null }[];
}

/** The settings of the publisher. */
export interface PublisherPlan {
  readonly broker: BrokerTarget;
  readonly instance: string;
  readonly version: string;
  readonly topicPrefix: string;
  readonly qos: { readonly inferences: 0 | 1; readonly control: 0 | 1; readonly health: 0 | 1 };
  readonly outbox: OutboxPlan;
  /** null: no discovery messages. */
  readonly homeAssistant: HomeAssistantPlan | null;
}

/** The credentials of the publisher at the embedded broker; generated at each start. */
export interface OwnClient {
  readonly clientId: string;
  readonly password: string;
  /** The prefix of its own topics: `PREFIX/INSTANCE`. */
  readonly rootTopic: string;
}

/** The kinds of topics, as the metrics label them. */
export type TopicKind = "status" | "camera" | "inference" | "health" | "ack" | "discovery";

/** The connection to the broker at one moment. */
export interface BrokerState {
  readonly connected: boolean;
  readonly sinceMs: WallMs;
  /** Why it is not connected, or null. */
  readonly error: ErrorData | null;
  readonly protocol: 5 | "3.1.1" | null;
  readonly reconnects: number;
}
