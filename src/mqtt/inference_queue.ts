import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { BrokerError } from "../core/errors.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { OutboxPlan } from "../core/publisher_types.ts";
import { LatestOutbox, type Outbox, type OutboxItem, QueueOutbox } from "./outbox.ts";
import { inferencePayload } from "./payloads.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";

/** The policy `latest` sends no older ones; it is their Message Expiry Interval as well. */
export const MAX_AGE_MS = 60_000;
/** Inference messages in flight at once; with a slow broker the others wait in the outbox. */
export const MAX_INFLIGHT = 32;

/** Why an inference message was discarded. */
export type DiscardReason =
  | "superseded"
  | "stale"
  | "full"
  | "connection-lost"
  | "refused"
  | "shutdown";

export interface InferenceQueueParts {
  readonly clock: Clock;
  readonly instance: string;
  readonly qos: 0 | 1;
  readonly outbox: OutboxPlan;
  readonly topic: (camera: string, detector: string) => string;
  readonly canPublish: () => boolean;
  readonly publish: (message: OutgoingMessage, done: DoneCallback) => void;
  readonly post: (message: FromPublisher) => void;
}

interface Item extends OutboxItem {
  readonly result: InferenceResult;
  /** The payload as first published: what is sent again is the same message. */
  payload: string | null;
}

/** Inference messages, from the outbox to the broker's acknowledgement. */
export class InferenceQueue {
  readonly #parts: InferenceQueueParts;
  readonly #outbox: Outbox<Item>;
  #sequence = 0;
  #inflight = 0;
  #isFlushing = false;
  #onDrained: (() => void) | null = null;

  constructor(parts: InferenceQueueParts) {
    this.#parts = parts;
    const { policy, max } = parts.outbox;
    this.#outbox = policy === "queue"
      ? new QueueOutbox(max)
      : new LatestOutbox({ maxKeys: max, maxAgeMs: MAX_AGE_MS });
  }

  get inflight(): number {
    return this.#inflight;
  }

  /** @param arrivedAtMs  when the frame arrived */
  put(result: InferenceResult, arrivedAtMs: SteadyMs): void {
    const { camera } = result.meta;
    this.#sequence += 1;
    // Ids hold no slash, so no two pairs share a key.
    const key = `${camera}/${result.detector}`;
    const item = { key, arrivedAtMs, sequence: this.#sequence, result, payload: null };
    this.#countDiscarded(this.#outbox.put(item)?.reason);
    this.flush();
  }

  /** Publishes from the outbox while the broker is connected and fewer than the maximum are in flight. */
  flush(): void {
    // A callback within `publish` leads back here: the outer loop continues.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#parts.canPublish() && this.#inflight < MAX_INFLIGHT) {
        const { item, discarded } = this.#outbox.take(this.#parts.clock.nowMs());
        for (const { reason } of discarded) this.#countDiscarded(reason);
        if (item === null) return;
        this.#send(item);
      }
    } finally {
      this.#isFlushing = false;
    }
  }

  /** Discards what is in the outbox. */
  discardAll(): void {
    for (const _ of this.#outbox.clear()) this.#countDiscarded("shutdown");
  }

  /** Calls back once, when no message is in flight any more. */
  onDrained(callback: () => void): void {
    this.#onDrained = callback;
  }

  #send(item: Item): void {
    if (item.payload !== null) return this.#publish(item, item.payload);
    const { clock, instance, post } = this.#parts;
    const { detector, worker, meta: { camera, seq } } = item.result;
    const totalMs = clock.nowMs() - item.arrivedAtMs;
    const payload = inferencePayload(item.result, { instance, totalMs });
    item.payload = JSON.stringify(payload);
    this.#publish(item, item.payload);
    // Posted once, and after publishing: what the main thread does with it delays nothing.
    post({ kind: "emitted", camera, detector, worker, seq, totalMs: payload.timing.totalMs });
  }

  #publish(item: Item, payload: string): void {
    const { detector, meta: { camera } } = item.result;
    const { qos, topic } = this.#parts;
    this.#inflight += 1;
    this.#parts.publish({
      topic: topic(camera, detector),
      payload,
      qos,
      retain: false,
      expirySeconds: MAX_AGE_MS / 1_000,
    }, (error) => this.#onDone(item, error));
  }

  #onDone(item: Item, error: BrokerError | null): void {
    this.#inflight -= 1;
    if (error === null) this.#parts.post({ kind: "published", topicKind: "inference" });
    else if (error.code === "BROKER_REFUSED_MESSAGE") this.#countDiscarded("refused");
    else this.#countDiscarded(this.#outbox.requeue(item)?.reason);
    this.flush();
    if (this.#inflight > 0 || this.#onDrained === null) return;
    const callback = this.#onDrained;
    this.#onDrained = null;
    callback();
  }

  #countDiscarded(reason: DiscardReason | undefined): void {
    if (reason === undefined) return;
    this.#parts.post({ kind: "discarded", topicKind: "inference", reason });
  }
}
