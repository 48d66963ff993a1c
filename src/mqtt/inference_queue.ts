import { nextTick } from "node:process";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { BrokerError } from "../core/errors.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { Placement } from "../core/presence_types.ts";
import type { DiscardReason, OutboxPlan } from "../core/publisher_types.ts";
import { finalReason, lostReason } from "./broker_errors.ts";
import type { Copies } from "./copies.ts";
import { LatestOutbox, type Outbox, type OutboxItem, QueueOutbox } from "./outbox.ts";
import { inferencePayload } from "./payloads.ts";
import type { DoneCallback, OutgoingMessage } from "./session.ts";
import { TimedPayload } from "./timed_payload.ts";

/** The policy `latest` sends no older ones; it is their Message Expiry Interval as well. */
export const MAX_AGE_MS = 60_000;
/** Inference messages in flight at once; with a slow broker the others wait in the outbox. */
export const MAX_INFLIGHT = 32;

export interface InferenceQueueParts {
  readonly clock: Clock;
  readonly instance: string;
  readonly qos: 0 | 1;
  readonly outbox: OutboxPlan;
  readonly topic: (camera: string, detector: string) => string;
  readonly canPublish: () => boolean;
  /** The key is the same when a message is sent again. */
  readonly publish: (key: object, message: OutgoingMessage, done: DoneCallback) => void;
  readonly post: (message: FromPublisher) => void;
  readonly copies: Copies;
}

/** A message as it was first published: what is sent again is the same. */
interface Sent {
  readonly message: OutgoingMessage;
  readonly payload: TimedPayload;
}

interface Item extends OutboxItem {
  readonly result: InferenceResult;
  readonly placements: readonly Placement[] | null;
  sent: Sent | null;
}

/**
 * Inference messages, from the outbox to the broker's acknowledgement. Each is counted once: as produced in
 * {@link put}, and later as published or discarded; until then it waits.
 */
export class InferenceQueue {
  readonly #parts: InferenceQueueParts;
  readonly #outbox: Outbox<Item>;
  /** Messages of QoS 1 that were in flight when the connection broke, in order; sent before the outbox. */
  readonly #repeated: Item[] = [];
  #sequence = 0;
  #inflight = 0;
  #isFlushing = false;
  #isStopped = false;
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

  /** Messages neither published nor discarded yet; at most the outbox and twice those in flight. */
  get waiting(): number {
    return this.#outbox.size + this.#repeated.length + this.#inflight;
  }

  /**
   * @param arrivedAtMs  when the frame arrived
   * @param placements  where each detection is; null without presence
   */
  put(
    result: InferenceResult,
    arrivedAtMs: SteadyMs,
    placements: readonly Placement[] | null,
  ): void {
    const { camera, seq } = result.meta;
    this.#parts.post({ kind: "produced", topicKind: "inference", frame: { camera, seq } });
    this.#sequence += 1;
    // Ids hold no slash, so no two pairs share a key.
    const key = `${camera}/${result.detector}`;
    const sequence = this.#sequence;
    const item: Item = { key, arrivedAtMs, sequence, result, placements, sent: null };
    this.#countDiscarded(this.#isStopped ? "shutdown" : this.#outbox.put(item)?.reason);
    this.flush();
    // Readers do not wait for the broker; but mqtt.js writes in the next tick, and both have the same time.
    if (this.#parts.copies.isOn) nextTick(() => this.#copy(item));
  }

  /** Publishes from the outbox while the broker is connected and fewer than the maximum are in flight. */
  flush(): void {
    // A callback within `publish` leads back here: the outer loop continues.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (this.#parts.canPublish() && this.#inflight < MAX_INFLIGHT) {
        const item = this.#next();
        if (item === null) return;
        this.#send(item);
      }
    } finally {
      this.#isFlushing = false;
    }
  }

  /** From now on discards what is put, and sends nothing again. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Discards what waits. */
  discardAll(): void {
    for (const _ of this.#repeated.splice(0)) this.#countDiscarded("unacknowledged");
    for (const _ of this.#outbox.clear()) this.#countDiscarded("shutdown");
  }

  /** Calls back once, when no message is in flight any more. */
  onDrained(callback: () => void): void {
    this.#onDrained = callback;
  }

  /** Removes the next item to send. */
  #next(): Item | null {
    const { clock, outbox: { policy } } = this.#parts;
    for (let item = this.#repeated.shift(); item !== undefined; item = this.#repeated.shift()) {
      if (policy === "queue" || clock.nowMs() - item.arrivedAtMs <= MAX_AGE_MS) return item;
      this.#countDiscarded("unacknowledged");
    }
    const { item, discarded } = this.#outbox.take(clock.nowMs());
    for (const { reason } of discarded) this.#countDiscarded(reason);
    return item;
  }

  #send(item: Item): void {
    const isRepeated = item.sent !== null;
    const sent = item.sent ?? this.#render(item);
    item.sent = sent;
    this.#inflight += 1;
    const message = isRepeated ? { ...sent.message, isRepeated } : sent.message;
    this.#parts.publish(item, message, (error) => this.#onDone(item, sent, error));
  }

  #copy(item: Item): void {
    if (this.#isStopped) return;
    const { detector, meta: { camera } } = item.result;
    const { payload } = item.sent ?? this.#render(item);
    this.#parts.copies.inference(camera, detector, payload.text);
  }

  #render({ result, placements, arrivedAtMs }: Item): Sent {
    const { clock, instance, qos, topic } = this.#parts;
    const untilNow = () => clock.nowMs() - arrivedAtMs;
    const payload = new TimedPayload(
      inferencePayload(result, { instance, totalMs: untilNow() }, placements),
      untilNow,
    );
    const message = {
      topic: topic(result.meta.camera, result.detector),
      payload: payload.text,
      beforeWrite: payload.setTotal,
      qos,
      retain: false,
      expirySeconds: MAX_AGE_MS / 1_000,
    };
    return { message, payload };
  }

  #onDone(item: Item, { payload: { totalMs } }: Sent, error: BrokerError | null): void {
    this.#inflight -= 1;
    if (error === null) {
      const { detector, worker, meta: { camera, seq } } = item.result;
      this.#parts.post({ kind: "emitted", camera, detector, worker, seq, totalMs });
    } else this.#onFailed(item, finalReason(error));
    this.flush();
    if (this.#inflight > 0 || this.#onDrained === null) return;
    const callback = this.#onDrained;
    this.#onDrained = null;
    callback();
  }

  /** @param reason  null: the connection broke */
  #onFailed(item: Item, reason: DiscardReason | null): void {
    if (reason !== null) return this.#countDiscarded(reason);
    const { qos } = this.#parts;
    if (qos === 0 || this.#isStopped) return this.#countDiscarded(lostReason(qos));
    const at = this.#repeated.findIndex(({ sequence }) => sequence > item.sequence);
    this.#repeated.splice(at === -1 ? this.#repeated.length : at, 0, item);
  }

  #countDiscarded(reason: DiscardReason | undefined): void {
    if (reason === undefined) return;
    this.#parts.post({ kind: "discarded", topicKind: "inference", reason });
  }
}
