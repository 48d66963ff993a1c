import { wallMs } from "../core/clock.ts";
import type { OutgoingMessage, Settled } from "./session.ts";
import { type AckPayload, ackPayload } from "./payloads.ts";

/** Acknowledgements that may wait for the broker, or be on their way. */
export const MAX_ACKS = 64;

export interface AckQueueParts {
  readonly topic: string;
  readonly qos: 0 | 1;
  /** Whether messages can be published now. */
  readonly connected: () => boolean;
  readonly publish: (message: OutgoingMessage, settled: Settled) => void;
  readonly published: () => void;
  readonly discarded: (reason: "full" | "refused" | "shutdown") => void;
}

interface Waiting {
  readonly ack: AckPayload;
  sending: boolean;
}

/**
 * Acknowledgements on their way out, in order. One that was on its way when the connection broke is
 * sent again; beyond the bound the oldest goes.
 */
export class AckQueue {
  readonly #parts: AckQueueParts;
  readonly #waiting = new Set<Waiting>();

  constructor(parts: AckQueueParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#waiting.size;
  }

  put(ack: AckPayload): void {
    if (this.#waiting.size >= MAX_ACKS) {
      for (const oldest of this.#waiting) {
        this.#drop(oldest, "full");
        break;
      }
    }
    const waiting = { ack, sending: false };
    this.#waiting.add(waiting);
    this.#send(waiting);
  }

  /** Sends what waits: call it with every connection. */
  connected(): void {
    for (const waiting of [...this.#waiting]) this.#send(waiting);
  }

  /** Counts what still waits as left out. */
  clear(): void {
    for (const waiting of [...this.#waiting]) this.#drop(waiting, "shutdown");
  }

  #send(waiting: Waiting): void {
    if (waiting.sending || !this.#parts.connected()) return;
    waiting.sending = true;
    const { topic, qos } = this.#parts;
    const payload = JSON.stringify(waiting.ack);
    this.#parts.publish({ topic, payload, qos, retain: false, expirySeconds: null }, (error) => {
      if (!this.#waiting.has(waiting)) return;
      if (error === null) {
        this.#waiting.delete(waiting);
        this.#parts.published();
      } else if (error.code === "BROKER_REFUSED_MESSAGE") this.#refused(waiting);
      else waiting.sending = false;
    });
  }

  /** The broker may take a short answer where it does not take a long one. */
  #refused(waiting: Waiting): void {
    this.#drop(waiting, "refused");
    const { ack } = waiting;
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

  #drop(waiting: Waiting, reason: "full" | "refused" | "shutdown"): void {
    if (this.#waiting.delete(waiting)) this.#parts.discarded(reason);
  }
}
