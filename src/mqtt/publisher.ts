import type { Clock } from "../core/clock.ts";
import { type BrokerError, LifecycleError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type {
  CameraStatus,
  CommandAnswer,
  FromPublisher,
  InferenceResult,
  PublisherPlan,
  TopicKind,
} from "../core/messages.ts";
import type { OutgoingMessage } from "./client.ts";
import type { Link, LinkEvents, LinkPlan } from "./link.ts";
import { type Displaced, LatestOutbox, type Outbox, type OutboxItem } from "./outbox.ts";
import { cameraPayload, inferencePayload, statusPayload } from "./payloads.ts";
import { RetainedTopics } from "./retained.ts";
import { loadEndpoint } from "./target.ts";
import { type Topics, topicsOf } from "./topics.ts";

/** Why a message was not sent, or not received. */
export type DiscardReason =
  /** A newer one of the same camera and detector, or of the same topic, came while it waited. */
  | "superseded"
  /** It waited longer than {@link MAX_AGE_MS}. */
  | "stale"
  /** More cameras and detectors waited than {@link MAX_WAITING}. */
  | "full"
  /** It was on its way when the connection broke. */
  | "connection-lost"
  /** The broker refused it. */
  | "refused"
  /** It waited, or came, while the publisher stopped. */
  | "shutdown";

/** Pairs of camera and detector that may wait for the broker. */
export const MAX_WAITING = 256;
/** What is older is not sent after a reconnect; brokers keep no message for longer either. */
export const MAX_AGE_MS = 60_000;
/** Inference messages on their way at once; a slow broker makes the others wait, the newest first. */
export const MAX_IN_FLIGHT = 32;
/** How long a stop waits for messages on their way, and then for the broker to take its leave. */
export const FLUSH_TIMEOUT_MS = 1_000;
export const LEAVE_TIMEOUT_MS = 500;

/** What the publisher works with. */
export interface PublisherParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly post: (message: FromPublisher) => void;
  readonly openLink: (plan: LinkPlan, events: LinkEvents) => Link;
  /** Reads a PEM file. */
  readonly readText: (path: string) => Promise<string>;
}

interface Waiting extends OutboxItem {
  readonly result: InferenceResult;
}

/** What a started publisher has. */
interface Running {
  readonly plan: PublisherPlan;
  readonly topics: Topics;
  readonly link: Link;
  readonly retained: RetainedTopics;
  readonly startedAtMs: number;
}

/**
 * Publishes what the instance knows: its status, its cameras' states, its health, and what was seen.
 *
 * It takes messages whether the broker is there or not and never blocks whoever hands them in. While
 * the broker is away the newest inference of every camera and detector waits, and the newest of
 * everything retained; what is left out is counted with its reason. Works in any thread.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #outbox: Outbox<Waiting> = new LatestOutbox({
    maxKeys: MAX_WAITING,
    maxAgeMs: MAX_AGE_MS,
  });
  #running: Running | null = null;
  #inFlight = 0;
  #pumping = false;
  #whenIdle: (() => void) | null = null;
  #stopped: Promise<void> | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Begins to connect, and goes on for as long as it takes; whether it is connected is told by `broker`. */
  start(plan: PublisherPlan): void {
    if (this.#running !== null) throw new LifecycleError("the publisher was started twice");
    const topics = topicsOf(plan);
    const link = this.#parts.openLink({
      clientId: `${plan.topicPrefix.replaceAll("/", "-")}-${plan.instance}`,
      protocol: plan.broker.protocol,
      loadEndpoint: () => loadEndpoint(plan.broker, this.#parts.readText),
      // A will cannot know when it will be needed: it tells when the connection that broke was opened.
      will: () => this.#status("offline", this.#parts.clock.wallMs()),
    }, {
      connected: () => this.#connected(),
      state: (state) => this.#parts.post({ kind: "broker", state }),
    });
    const retained = new RetainedTopics({
      connected: () => link.connected,
      publish: (message, settled) => link.publish(message, settled),
      published: (topicKind) => this.#parts.post({ kind: "published", topicKind }),
      discarded: (topicKind, reason) => this.#discarded(topicKind, reason),
    });
    this.#running = { plan, topics, link, retained, startedAtMs: this.#parts.clock.wallMs() };
    retained.set("status", this.#status("online", this.#running.startedAtMs));
    link.start();
  }

  /** Something was seen, or nothing: one message either way. */
  inference(result: InferenceResult): void {
    this.#started("publish an inference");
    if (this.#stopped !== null) return this.#discarded("inference", "shutdown");
    const { camera, arrivedAtMs } = result.meta;
    // Ids hold no slash, so the key is one pair's alone.
    const key = `${camera}/${result.detector}`;
    this.#displaced(this.#outbox.put({ key, atMs: arrivedAtMs, result }));
    this.#pump();
  }

  /** A camera's state changed. */
  camera(status: CameraStatus): void {
    const { topics } = this.#started("publish a camera's state");
    this.#retain("camera", topics.camera(status.camera), cameraPayload(status), 1);
  }

  /** What `GET /status` answers, every stats interval. */
  health(health: Readonly<Record<string, unknown>>): void {
    const { topics, plan } = this.#started("publish the health");
    this.#retain("health", topics.health, health, plan.qos.health);
  }

  /** A command was carried out, or refused by whoever carries them out. */
  answer(_answer: CommandAnswer): void {
    this.#started("acknowledge a command");
  }

  /**
   * Sends what waits, says `offline`, and leaves in order; each step with its own deadline. Without a
   * broker it is immediate. Harmless when called twice, or before `start`.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#leave();
    return this.#stopped;
  }

  async #leave(): Promise<void> {
    if (this.#running === null) return;
    const { link } = this.#running;
    this.#pump();
    if (this.#inFlight > 0 && link.connected) await this.#idle();
    for (const _ of this.#outbox.clear()) this.#discarded("inference", "shutdown");
    const said = link.connected && await this.#sayOffline(link);
    // Where `offline` was not acknowledged the last will says it: so the broker must not forget it.
    await link.close({ inOrder: said, withinMs: LEAVE_TIMEOUT_MS });
  }

  /** Resolves when no inference is on its way any more, or after the deadline. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(FLUSH_TIMEOUT_MS, resolve);
      this.#whenIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  /** @returns whether the broker acknowledged it in time */
  #sayOffline(link: Link): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(LEAVE_TIMEOUT_MS, () => resolve(false));
      link.publish(this.#status("offline", this.#parts.clock.wallMs()), (error) => {
        cancel();
        if (error === null) this.#parts.post({ kind: "published", topicKind: "status" });
        resolve(error === null);
      });
    });
  }

  /** With every connection: the retained topics first, so that whoever listens knows what follows. */
  #connected(): void {
    this.#running?.retained.connected();
    this.#pump();
  }

  /** Hands over what waits, as long as the broker keeps up. */
  #pump(): void {
    const running = this.#running;
    // What is settled while it is handed over leads back here: the loop that runs goes on by itself.
    if (running === null || this.#pumping) return;
    this.#pumping = true;
    try {
      while (running.link.connected && this.#inFlight < MAX_IN_FLIGHT) {
        const { item, displaced } = this.#outbox.take(this.#parts.clock.nowMs());
        for (const each of displaced) this.#displaced(each);
        if (item === null) return;
        this.#emit(running, item.result);
      }
    } finally {
      this.#pumping = false;
    }
  }

  #emit({ plan, topics, link }: Running, result: InferenceResult): void {
    const { camera } = result.meta;
    const { detector, worker } = result;
    const payload = inferencePayload(result, {
      instance: plan.instance,
      nowMs: this.#parts.clock.nowMs(),
    });
    const json = JSON.stringify(payload);
    const { totalMs } = payload.timing;
    this.#parts.post({ kind: "emitted", camera, detector, worker, totalMs, json });
    this.#inFlight += 1;
    link.publish({
      topic: topics.inference(camera, detector),
      payload: json,
      qos: plan.qos.inferences,
      retain: false,
      expirySeconds: MAX_AGE_MS / 1_000,
    }, (error) => this.#settled(error));
  }

  #settled(error: BrokerError | null): void {
    this.#inFlight -= 1;
    if (error === null) this.#parts.post({ kind: "published", topicKind: "inference" });
    else {
      const refused = error.code === "BROKER_REFUSED_MESSAGE";
      this.#discarded("inference", refused ? "refused" : "connection-lost");
    }
    this.#pump();
    if (this.#inFlight === 0) this.#whenIdle?.();
  }

  #status(state: "online" | "offline", sinceMs: number): OutgoingMessage {
    const { plan, topics } = this.#started("tell the status");
    const payload = statusPayload({ state, sinceMs, version: plan.version });
    return retainedMessage(topics.status, payload, 1);
  }

  #retain(kind: TopicKind, topic: string, payload: unknown, qos: 0 | 1): void {
    if (this.#stopped !== null) return this.#discarded(kind, "shutdown");
    this.#running?.retained.set(kind, retainedMessage(topic, payload, qos));
  }

  #displaced(displaced: Displaced<Waiting> | null): void {
    if (displaced !== null) this.#discarded("inference", displaced.reason);
  }

  #discarded(topicKind: TopicKind, reason: DiscardReason): void {
    this.#parts.post({ kind: "discarded", topicKind, reason });
  }

  #started(action: string): Running {
    if (this.#running !== null) return this.#running;
    throw new LifecycleError(`cannot ${action}: the publisher was not started`);
  }
}

function retainedMessage(topic: string, payload: unknown, qos: 0 | 1): OutgoingMessage {
  return { topic, payload: JSON.stringify(payload), qos, retain: true, expirySeconds: null };
}
