/** What the publisher is given at its start. */
import type { BrokerAddress } from "./broker_address.ts";

/** How to reach the broker. Credentials are in clear here, and go nowhere but to the MQTT client. */
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

/** What becomes of inference messages while the broker is away. */
export interface OutboxPlan {
  /** `latest`: the newest of every camera and detector; `queue`: all of them, in order. */
  readonly policy: "latest" | "queue";
  /** How many may wait; beyond it the oldest go. */
  readonly max: number;
}

/** What Home Assistant is told. */
export interface HomeAssistantPlan {
  readonly discoveryPrefix: string;
  /** The cameras, and for each the detector that looks for persons there, or null. */
  readonly cameras: readonly { readonly camera: string; readonly personDetector: string | null }[];
}

/** What the publisher needs to know of the instance. */
export interface PublisherPlan {
  readonly broker: BrokerTarget;
  readonly instance: string;
  readonly version: string;
  readonly topicPrefix: string;
  readonly qos: { readonly inferences: 0 | 1; readonly control: 0 | 1; readonly health: 0 | 1 };
  readonly outbox: OutboxPlan;
  /** null: Home Assistant is told nothing. */
  readonly homeAssistant: HomeAssistantPlan | null;
}
