import { type Clock, plusMs, type SteadyMs } from "../core/clock.ts";
import type { BrokerError } from "../core/errors.ts";
import type { DiscardReason, TopicKind } from "../core/publisher_types.ts";
import { finalReason, lostReason } from "./broker_errors.ts";
import type { MessageCounts } from "./message_counts.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** The kinds whose messages are retained. */
export type RetainedKind = Exclude<
  TopicKind,
  "inference" | "ack" | "presence" | "crossing" | "stays"
>;

/** The order in which the kinds are published with every connection. */
const ORDER: readonly RetainedKind[] = [
  ...["status", "camera", "switch", "health", "discovery"] as const,
  ...["occupancy", "picture"] as const,
];
/** Bytes of the pictures that wait for the broker; beyond it the oldest topic's is discarded. */
export const MAX_PICTURE_BYTES = 16 * 1024 * 1024;
/** How long nothing is published to a topic on which the broker closed the connection. */
export const BARRED_MS = 600_000;

interface Entry {
  readonly kind: RetainedKind;
  message: OutgoingMessage;
  isInflight: boolean;
  /** Whether the newest message was not published yet. */
  isPending: boolean;
  /** Whether the pending message was in flight when a connection broke. */
  wasInflight: boolean;
  barredUntilMs: SteadyMs | null;
}

export interface RetainedMessagesParts {
  readonly clock: Clock;
  readonly canPublish: () => boolean;
  /** The key is the same for all messages of a topic. */
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly counts: MessageCounts;
  /** A message was published or discarded, or waits for the next connection. */
  readonly onSettled?: () => void;
}

/**
 * The newest message of every retained topic: one in flight and at most one pending, so that none pile up
 * while the broker is disconnected or slow. All are published with every connection, because a broker may
 * have restarted without its retained messages; pictures, which are large, only once.
 */
export class RetainedMessages {
  readonly #parts: RetainedMessagesParts;
  /** In the order in which the topics were first set. */
  readonly #entries = new Map<string, Entry>();

  constructor(parts: RetainedMessagesParts) {
    this.#parts = parts;
  }

  /** Messages neither published nor discarded yet. */
  get waiting(): number {
    return this.waitingOf(null);
  }

  /** The same for one kind; null for all. */
  waitingOf(kind: RetainedKind | null): number {
    let waiting = 0;
    for (const entry of this.#entries.values()) {
      if (kind !== null && entry.kind !== kind) continue;
      waiting += (entry.isInflight ? 1 : 0) + (entry.isPending ? 1 : 0);
    }
    return waiting;
  }

  /** Replaces the message of a topic. */
  set(kind: RetainedKind, message: OutgoingMessage): void {
    const entry = this.#entries.get(message.topic) ?? newEntry(kind, message);
    this.#entries.set(message.topic, entry);
    if (entry.isPending) {
      this.#discardPending(entry, entry.wasInflight ? "unacknowledged" : "superseded");
    }
    entry.message = message;
    this.#addPending(entry);
    if (kind === "picture") this.#boundPictures();
    this.#send(entry);
  }

  /** Makes the broker delete a topic's message, by an empty one. */
  clear(kind: RetainedKind, topic: string): void {
    this.set(kind, { topic, payload: "", qos: 1, retain: true, expirySeconds: null });
  }

  /** Publishes the message of a topic again, unless it is pending or in flight. */
  repeat(topic: string): void {
    const entry = this.#entries.get(topic);
    if (entry === undefined || entry.isPending || entry.isInflight) return;
    this.#addPending(entry);
    this.#send(entry);
  }

  /** Publishes all messages in the {@link ORDER} of their kinds; called with every connection. */
  publishAll(): void {
    const entries = [...this.#entries.values()];
    for (const kind of ORDER) {
      for (const entry of entries) {
        if (entry.kind !== kind) continue;
        if (!entry.isPending && kind !== "picture") this.#addPending(entry);
        this.#send(entry);
      }
    }
  }

  /** Discards what is pending. */
  discardAll(): void {
    for (const entry of this.#entries.values()) {
      if (!entry.isPending) continue;
      this.#discardPending(entry, entry.wasInflight ? "unacknowledged" : "shutdown");
    }
  }

  #addPending(entry: Entry): void {
    entry.isPending = true;
    entry.wasInflight = false;
    this.#parts.counts.produced(entry.kind);
  }

  #discardPending(entry: Entry, reason: DiscardReason): void {
    entry.isPending = false;
    this.#parts.counts.discarded(entry.kind, reason);
  }

  #send(entry: Entry): void {
    if (!entry.isPending || entry.isInflight || !this.#parts.canPublish()) return;
    if (this.#isBarred(entry)) {
      this.#discardPending(entry, "closes-connection");
      return this.#forget(entry);
    }
    entry.isPending = false;
    entry.isInflight = true;
    const { message } = entry;
    this.#parts.publish(entry, message, (error) => {
      entry.isInflight = false;
      if (error === null) this.#parts.counts.published(entry.kind);
      else this.#onFailed(entry, message, error);
      this.#forget(entry);
      this.#send(entry);
      this.#parts.onSettled?.();
    });
  }

  /** Keeps nothing of what is done with, an empty message or a picture, but that its topic is barred. */
  #forget(entry: Entry): void {
    const { jpeg: _, ...message } = entry.message;
    if (entry.isPending || (message.payload !== "" && entry.kind !== "picture")) return;
    if (this.#isBarred(entry)) entry.message = message;
    else this.#entries.delete(message.topic);
  }

  #boundPictures(): void {
    const pending = [...this.#entries.values()].filter((entry) =>
      entry.isPending && entry.kind === "picture"
    );
    let bytes = pending.reduce((sum, { message }) => sum + (message.jpeg?.byteLength ?? 0), 0);
    for (const entry of pending) {
      if (bytes <= MAX_PICTURE_BYTES) return;
      bytes -= entry.message.jpeg?.byteLength ?? 0;
      this.#discardPending(entry, "full");
      if (!entry.isInflight) this.#forget(entry);
    }
  }

  #onFailed(entry: Entry, { qos }: OutgoingMessage, error: BrokerError): void {
    const reason = finalReason(error);
    if (reason === "closes-connection") {
      entry.barredUntilMs = plusMs(this.#parts.clock.nowMs(), BARRED_MS);
    }
    if (reason !== null) return this.#parts.counts.discarded(entry.kind, reason);
    if (entry.isPending) return this.#parts.counts.discarded(entry.kind, lostReason(qos));
    entry.isPending = true;
    entry.wasInflight = true;
  }

  /** The status never is: a broker that accepts it again must have it at once. */
  #isBarred({ kind, barredUntilMs }: Entry): boolean {
    if (kind === "status" || barredUntilMs === null) return false;
    return this.#parts.clock.nowMs() < barredUntilMs;
  }
}

function newEntry(kind: RetainedKind, message: OutgoingMessage): Entry {
  return {
    kind,
    message,
    isInflight: false,
    isPending: false,
    wasInflight: false,
    barredUntilMs: null,
  };
}

/** A retained message with a JSON payload. */
export function retainedMessage(topic: string, payload: unknown, qos: 0 | 1): OutgoingMessage {
  return { topic, payload: JSON.stringify(payload), qos, retain: true, expirySeconds: null };
}
