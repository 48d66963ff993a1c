import { wallMs } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import type { DiscardReason } from "../core/publisher_types.ts";
import { finalReason } from "./broker_errors.ts";
import type { MessageCounts } from "./message_counts.ts";
import { type AckPayload, ackPayload } from "./payloads.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** Acknowledgements that wait for the broker or are in flight. */
export const MAX_ACKS = 64;

export interface AckQueueParts {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly canPublish: () => boolean;
  /** The key is the same when a message is sent again. */
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
}

interface Entry {
  readonly ack: AckPayload;
  isInflight: boolean;
  /** Whether it was in flight when a connection broke. */
  isRepeated: boolean;
}

/**
 * Publishes the acknowledgements of commands in order. One that was in flight when the connection broke
 * is sent again; beyond the bound the oldest is discarded.
 */
export class AckQueue {
  readonly #parts: AckQueueParts;
  readonly #entries = new Set<Entry>();

  constructor(parts: AckQueueParts) {
    this.#parts = parts;
  }

  /** Acknowledgements neither published nor discarded yet. */
  get waiting(): number {
    return this.#entries.size;
  }

  put(ack: AckPayload): void {
    const [oldest] = this.#entries;
    if (oldest !== undefined && this.#entries.size >= MAX_ACKS) this.#giveUp(oldest, "full");
    const entry = { ack, isInflight: false, isRepeated: false };
    this.#entries.add(entry);
    this.#parts.counts.produced("ack");
    this.#send(entry);
  }

  /** Publishes all that wait; called with every connection. */
  flush(): void {
    for (const entry of [...this.#entries]) this.#send(entry);
  }

  /** Discards all that wait or are in flight. */
  discardAll(): void {
    for (const entry of [...this.#entries]) this.#giveUp(entry, "shutdown");
  }

  /** Discards one for a reason, unless the broker may have received it. */
  #giveUp(entry: Entry, reason: "full" | "shutdown"): void {
    const isUnknown = this.#parts.qos === 1 && (entry.isInflight || entry.isRepeated);
    this.#discard(entry, isUnknown ? "unacknowledged" : reason);
  }

  #send(entry: Entry): void {
    if (entry.isInflight || !this.#parts.canPublish()) return;
    entry.isInflight = true;
    const { topic, qos } = this.#parts;
    const message = {
      topic,
      payload: JSON.stringify(entry.ack),
      qos,
      retain: false,
      expirySeconds: null,
      isRepeated: entry.isRepeated,
    };
    this.#parts.publish(entry, message, (error) => this.#onDone(entry, error));
  }

  #onDone(entry: Entry, error: BrokerError | null): void {
    if (!this.#entries.has(entry)) return;
    if (error === null) {
      this.#entries.delete(entry);
      return this.#parts.counts.published("ack");
    }
    const reason = finalReason(error);
    if (reason !== null) return this.#onRefused(entry, reason);
    entry.isInflight = false;
    entry.isRepeated = true;
  }

  /** Replaces an answer with data, which the broker may refuse for its size, by a short error. */
  #onRefused(entry: Entry, reason: DiscardReason): void {
    this.#discard(entry, reason);
    const { ack } = entry;
    if (ack.data === null) return;
    const error = {
      code: "CONTROL_ANSWER_REFUSED",
      message: "The command was carried out, but the broker refused its answer",
      retryable: false,
      remedy: "Allow larger messages in the broker's configuration.",
    };
    const { id, command, replayed = false } = ack;
    const atMs = wallMs(Date.parse(ack.time));
    this.put(ackPayload({ id, command, atMs, outcome: { error }, replayed }));
  }

  #discard(entry: Entry, reason: DiscardReason): void {
    if (this.#entries.delete(entry)) this.#parts.counts.discarded("ack", reason);
  }
}
