import { wallMs } from "../core/clock.ts";
import { type AckPayload, ackPayload } from "./payloads.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** Acknowledgements that wait for the broker or are in flight. */
export const MAX_ACKS = 64;

export interface AckQueueParts {
  readonly topic: string;
  readonly qos: 0 | 1;
  readonly canPublish: () => boolean;
  readonly publish: (message: OutgoingMessage, done: DoneCallback) => void;
  readonly onPublished: () => void;
  readonly onDiscarded: (reason: "full" | "refused" | "shutdown") => void;
}

interface Entry {
  readonly ack: AckPayload;
  isInflight: boolean;
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

  put(ack: AckPayload): void {
    const [oldest] = this.#entries;
    if (oldest !== undefined && this.#entries.size >= MAX_ACKS) this.#discard(oldest, "full");
    const entry = { ack, isInflight: false };
    this.#entries.add(entry);
    this.#send(entry);
  }

  /** Publishes all that wait; called with every connection. */
  flush(): void {
    for (const entry of [...this.#entries]) this.#send(entry);
  }

  /** Discards all that wait or are in flight. */
  discardAll(): void {
    for (const entry of [...this.#entries]) this.#discard(entry, "shutdown");
  }

  #send(entry: Entry): void {
    if (entry.isInflight || !this.#parts.canPublish()) return;
    entry.isInflight = true;
    const { topic, qos } = this.#parts;
    const payload = JSON.stringify(entry.ack);
    this.#parts.publish({ topic, payload, qos, retain: false, expirySeconds: null }, (error) => {
      if (!this.#entries.has(entry)) return;
      if (error === null) {
        this.#entries.delete(entry);
        this.#parts.onPublished();
      } else if (error.code === "BROKER_REFUSED_MESSAGE") this.#onRefused(entry);
      else entry.isInflight = false;
    });
  }

  /** Replaces an answer with data, which the broker may refuse for its size, by a short error. */
  #onRefused(entry: Entry): void {
    this.#discard(entry, "refused");
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

  #discard(entry: Entry, reason: "full" | "refused" | "shutdown"): void {
    if (this.#entries.delete(entry)) this.#parts.onDiscarded(reason);
  }
}
