import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type { BrokerError } from "../core/errors.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { OutboxPlan } from "../core/publisher_types.ts";
import type { OutgoingMessage, Settled } from "./client.ts";
import { LatestOutbox, type Outbox, type OutboxItem, QueueOutbox } from "./outbox.ts";
import { inferencePayload } from "./payloads.ts";

/** What is older is not sent by the policy `latest`; brokers keep no message for longer either. */
export const MAX_AGE_MS = 60_000;
/** Inference messages on their way at once; a slow broker makes the others wait. */
export const MAX_IN_FLIGHT = 32;

/** Why an inference message was left out. */
export type InferenceDiscard =
  | "superseded"
  | "stale"
  | "full"
  | "connection-lost"
  | "refused"
  | "shutdown";

export interface InferenceFlowParts {
  readonly clock: Clock;
  readonly instance: string;
  readonly qos: 0 | 1;
  readonly outbox: OutboxPlan;
  readonly topic: (camera: string, detector: string) => string;
  /** Whether messages can be published now. */
  readonly connected: () => boolean;
  readonly publish: (message: OutgoingMessage, settled: Settled) => void;
  readonly post: (message: FromPublisher) => void;
}

interface Waiting extends OutboxItem {
  readonly result: InferenceResult;
  /** The message as it was handed over first: what is sent again is the same message. */
  json: string | null;
}

/** Inference messages, from the outbox to the broker's acknowledgement. */
export class InferenceFlow {
  readonly #parts: InferenceFlowParts;
  readonly #outbox: Outbox<Waiting>;
  #order = 0;
  #inFlight = 0;
  #pumping = false;
  #whenIdle: (() => void) | null = null;

  constructor(parts: InferenceFlowParts) {
    this.#parts = parts;
    const { policy, max } = parts.outbox;
    this.#outbox = policy === "queue"
      ? new QueueOutbox(max)
      : new LatestOutbox({ maxKeys: max, maxAgeMs: MAX_AGE_MS });
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#outbox.size;
  }

  /** @param arrivedAtMs  when the frame arrived */
  put(result: InferenceResult, arrivedAtMs: SteadyMs): void {
    const { camera } = result.meta;
    this.#order += 1;
    // Ids hold no slash, so the key is one pair's alone.
    const key = `${camera}/${result.detector}`;
    const item = { key, atMs: arrivedAtMs, order: this.#order, result, json: null };
    this.#discarded(this.#outbox.put(item)?.reason);
    this.pump();
  }

  /** Hands over what waits, as long as the broker keeps up. */
  pump(): void {
    // What is settled while it is handed over leads back here: the loop that runs goes on by itself.
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#parts.connected() && this.#inFlight < MAX_IN_FLIGHT) {
        const { item, displaced } = this.#outbox.take(this.#parts.clock.nowMs());
        for (const { reason } of displaced) this.#discarded(reason);
        if (item === null) return;
        this.#send(item);
      }
    } finally {
      this.#pumping = false;
    }
  }

  /** Counts what still waits as left out. */
  clear(): void {
    for (const _ of this.#outbox.clear()) this.#discarded("shutdown");
  }

  /** Calls back, once, when nothing is on its way any more. */
  whenIdle(idle: () => void): void {
    this.#whenIdle = idle;
  }

  #send(item: Waiting): void {
    const { detector, worker, meta: { camera, seq } } = item.result;
    const { post } = this.#parts;
    if (item.json !== null) return this.#publish(item, item.json);
    const { clock, instance } = this.#parts;
    const totalMs = clock.nowMs() - item.atMs;
    const payload = inferencePayload(item.result, { instance, totalMs });
    item.json = JSON.stringify(payload);
    this.#publish(item, item.json);
    // Told once, and after the hand-over: what the main thread does with it delays nothing.
    post({ kind: "emitted", camera, detector, worker, seq, totalMs: payload.timing.totalMs });
  }

  #publish(item: Waiting, payload: string): void {
    const { detector, meta: { camera } } = item.result;
    const { qos, topic } = this.#parts;
    this.#inFlight += 1;
    this.#parts.publish({
      topic: topic(camera, detector),
      payload,
      qos,
      retain: false,
      expirySeconds: MAX_AGE_MS / 1_000,
    }, (error) => this.#settled(item, error));
  }

  #settled(item: Waiting, error: BrokerError | null): void {
    this.#inFlight -= 1;
    if (error === null) this.#parts.post({ kind: "published", topicKind: "inference" });
    else if (error.code === "BROKER_REFUSED_MESSAGE") this.#discarded("refused");
    else this.#discarded(this.#outbox.restore(item)?.reason);
    this.pump();
    if (this.#inFlight > 0 || this.#whenIdle === null) return;
    const idle = this.#whenIdle;
    this.#whenIdle = null;
    idle();
  }

  #discarded(reason: InferenceDiscard | undefined): void {
    if (reason === undefined) return;
    this.#parts.post({ kind: "discarded", topicKind: "inference", reason });
  }
}
