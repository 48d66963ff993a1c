import type { TopicKind } from "../core/publisher_types.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** The order in which the kinds are published with every connection. */
const ORDER: readonly TopicKind[] = ["status", "camera", "health", "discovery"];

interface Entry {
  readonly kind: TopicKind;
  message: OutgoingMessage;
  isInflight: boolean;
  /** Whether the newest message was not published yet. */
  isPending: boolean;
}

export interface RetainedMessagesParts {
  readonly canPublish: () => boolean;
  readonly publish: (message: OutgoingMessage, done: DoneCallback) => void;
  readonly onPublished: (kind: TopicKind) => void;
  readonly onDiscarded: (kind: TopicKind, reason: "superseded" | "refused") => void;
}

/**
 * The newest message of every retained topic: one in flight and at most one pending, so that none pile up
 * while the broker is disconnected or slow. All are published with every connection, because a broker may
 * have restarted without its retained messages.
 */
export class RetainedMessages {
  readonly #parts: RetainedMessagesParts;
  /** In the order in which the topics were first set. */
  readonly #entries = new Map<string, Entry>();

  constructor(parts: RetainedMessagesParts) {
    this.#parts = parts;
  }

  /** Replaces the message of a topic. */
  set(kind: TopicKind, message: OutgoingMessage): void {
    const entry = this.#entries.get(message.topic) ??
      { kind, message, isInflight: false, isPending: false };
    this.#entries.set(message.topic, entry);
    if (entry.isPending) this.#parts.onDiscarded(entry.kind, "superseded");
    entry.message = message;
    entry.isPending = true;
    this.#send(entry);
  }

  /** Makes the broker delete a topic's message, by an empty one. */
  clear(kind: TopicKind, topic: string): void {
    this.set(kind, { topic, payload: "", qos: 1, retain: true, expirySeconds: null });
  }

  /** Publishes all messages in the {@link ORDER} of their kinds; called with every connection. */
  publishAll(): void {
    const entries = [...this.#entries.values()];
    for (const kind of ORDER) {
      for (const entry of entries) {
        if (entry.kind !== kind) continue;
        entry.isPending = true;
        this.#send(entry);
      }
    }
  }

  #send(entry: Entry): void {
    if (!entry.isPending || entry.isInflight || !this.#parts.canPublish()) return;
    entry.isPending = false;
    entry.isInflight = true;
    this.#parts.publish(entry.message, (error) => {
      entry.isInflight = false;
      if (error === null) {
        this.#parts.onPublished(entry.kind);
        const isCleared = entry.message.payload === "" && !entry.isPending;
        if (isCleared) this.#entries.delete(entry.message.topic);
      } // Retrying what the broker's rules forbid would never end.
      else if (error.code === "BROKER_REFUSED_MESSAGE") {
        this.#parts.onDiscarded(entry.kind, "refused");
      } else entry.isPending = true;
      this.#send(entry);
    });
  }
}
