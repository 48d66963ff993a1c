import type { TopicKind } from "../core/publisher_types.ts";
import type { OutgoingMessage, Settled } from "./client.ts";

/** In this order the kinds are said with every connection. */
const ORDER: readonly TopicKind[] = ["status", "camera", "health", "discovery"];

interface Slot {
  readonly kind: TopicKind;
  message: OutgoingMessage;
  sending: boolean;
  /** Whether the broker does not have the newest message yet. */
  due: boolean;
}

export interface RetainedParts {
  /** Whether messages can be published now. */
  readonly connected: () => boolean;
  readonly publish: (message: OutgoingMessage, settled: Settled) => void;
  readonly published: (kind: TopicKind) => void;
  readonly discarded: (kind: TopicKind, reason: "superseded" | "refused") => void;
}

/**
 * The newest message of every retained topic: one on its way, at most one waiting behind it, so that
 * neither a broker that is away nor a slow one makes them pile up. All are published again with every
 * connection, because a broker may have come back without its memory.
 */
export class RetainedTopics {
  readonly #parts: RetainedParts;
  /** In the order in which the topics were first set. */
  readonly #slots = new Map<string, Slot>();

  constructor(parts: RetainedParts) {
    this.#parts = parts;
  }

  /** What a topic says from now on. */
  set(kind: TopicKind, message: OutgoingMessage): void {
    const slot = this.#slots.get(message.topic) ?? { kind, message, sending: false, due: false };
    this.#slots.set(message.topic, slot);
    if (slot.due) this.#parts.discarded(slot.kind, "superseded");
    slot.message = message;
    slot.due = true;
    this.#send(slot);
  }

  /** Makes the broker forget a topic. */
  clear(kind: TopicKind, topic: string): void {
    this.set(kind, { topic, payload: "", qos: 1, retain: true, expirySeconds: null });
  }

  /** Publishes everything, in the {@link ORDER} of its kinds: call it with every connection. */
  connected(): void {
    const slots = [...this.#slots.values()];
    for (const kind of ORDER) {
      for (const slot of slots) {
        if (slot.kind !== kind) continue;
        slot.due = true;
        this.#send(slot);
      }
    }
  }

  #send(slot: Slot): void {
    if (!slot.due || slot.sending || !this.#parts.connected()) return;
    slot.due = false;
    slot.sending = true;
    this.#parts.publish(slot.message, (error) => {
      slot.sending = false;
      if (error === null) {
        this.#parts.published(slot.kind);
        // What the broker has forgotten is not said again.
        if (slot.message.payload === "" && !slot.due) this.#slots.delete(slot.message.topic);
      } // Trying again what the broker's rules forbid would go on for ever.
      else if (error.code === "BROKER_REFUSED_MESSAGE") {
        this.#parts.discarded(slot.kind, "refused");
      } else slot.due = true;
      this.#send(slot);
    });
  }
}
