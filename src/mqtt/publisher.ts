import type { CameraStatus } from "../core/camera_types.ts";
import type { Clock, SteadyMs, WallMs } from "../core/clock.ts";
import type { CommandAnswer } from "../core/commands.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import { type BrokerError, LifecycleError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { PublisherPlan, TopicKind } from "../core/publisher_types.ts";
import { AckQueue } from "./acks.ts";
import type { IncomingMessage, OutgoingMessage } from "./client.ts";
import { CommandReceiver } from "./command_receiver.ts";
import { type Discovery, discoveryOf } from "./home_assistant.ts";
import { type InferenceDiscard, InferenceFlow } from "./inferences.ts";
import type { Link, LinkEvents, LinkPlan } from "./link.ts";
import { cameraPayload, statusPayload } from "./payloads.ts";
import { RetainedTopics } from "./retained.ts";
import { loadEndpoint } from "./target.ts";
import { clientIdOf, type Topics, topicsOf } from "./topics.ts";

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

/** What a started publisher has. */
interface Running {
  readonly plan: PublisherPlan;
  readonly topics: Topics;
  readonly link: Link;
  readonly retained: RetainedTopics;
  readonly inferences: InferenceFlow;
  readonly acks: AckQueue;
  readonly desk: CommandReceiver;
  readonly discovery: Discovery | null;
  readonly startedAtMs: WallMs;
}

/**
 * Publishes what the instance knows: its status, its cameras' states, its health, and what was seen;
 * and takes the commands of the control topic.
 *
 * It takes messages whether the broker is there or not and never blocks whoever hands them in. While
 * the broker is away inferences wait in an outbox, and the newest of everything retained; what is left
 * out is counted with its reason. Works in any thread.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #running: Running | null = null;
  /** Subscriptions of this connection that were not answered yet; null while there is no connection. */
  #unsubscribed: number | null = null;
  /** Whether the broker's refusal of a message was told since it was connected. */
  #refusalTold = false;
  #stopped: Promise<void> | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  /** Begins to connect, and goes on for as long as it takes; whether it is connected is told by `broker`. */
  start(plan: PublisherPlan): void {
    if (this.#running !== null) throw new LifecycleError("the publisher was started twice");
    const topics = topicsOf(plan);
    const link = this.#parts.openLink({
      clientId: clientIdOf(plan),
      protocol: plan.broker.protocol,
      loadEndpoint: () => loadEndpoint(plan.broker, this.#parts.readText),
      // A will cannot know when it will be needed: it tells when the connection that broke was opened.
      will: () => this.#status("offline", this.#parts.clock.wallMs()),
    }, {
      connected: () => this.#connected(),
      state: (state) => this.#parts.post({ kind: "broker", state }),
      message: (message) => this.#onMessage(message),
    });
    this.#running = this.#assemble(plan, topics, link);
    const { discovery, retained, startedAtMs } = this.#running;
    retained.set("status", this.#status("online", startedAtMs));
    for (const [topic, payload] of discovery?.configs ?? []) {
      retained.set("discovery", { topic, payload, qos: 1, retain: true, expirySeconds: null });
    }
    link.start();
  }

  /** Something was seen, or nothing, in a frame that arrived then: one message either way. */
  inference(result: InferenceResult, arrivedAtMs: SteadyMs): void {
    const { inferences } = this.#started("publish an inference");
    if (this.#stopped !== null) return this.#discarded("inference", "shutdown");
    inferences.put(result, arrivedAtMs);
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

  /** What became of a command that was told by `command`. */
  answer(answer: CommandAnswer): void {
    this.#started("acknowledge a command").desk.answer(answer);
  }

  /**
   * Sends what waits, says `offline`, and leaves in order; each step with its own deadline. Without a
   * broker it is immediate. Harmless when called twice, or before `start`.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#leave();
    return this.#stopped;
  }

  #assemble(plan: PublisherPlan, topics: Topics, link: Link): Running {
    const { clock, log, post } = this.#parts;
    const publish: Link["publish"] = (message, settled) =>
      link.publish(message, (error) => {
        if (error?.code === "BROKER_REFUSED_MESSAGE") this.#tellRefusal(error);
        settled(error);
      });
    const ready = () => link.connected && this.#unsubscribed === 0;
    const inferences = new InferenceFlow({
      clock,
      instance: plan.instance,
      qos: plan.qos.inferences,
      outbox: plan.outbox,
      topic: (camera, detector) => topics.inference(camera, detector),
      connected: ready,
      publish,
      post,
    });
    const retained = new RetainedTopics({
      connected: () => link.connected,
      publish,
      published: (topicKind) => post({ kind: "published", topicKind }),
      discarded: (topicKind, reason) => this.#discarded(topicKind, reason),
    });
    const acks = new AckQueue({
      topic: topics.ack,
      qos: plan.qos.control,
      connected: ready,
      publish,
      published: () => post({ kind: "published", topicKind: "ack" }),
      discarded: (reason) => this.#discarded("ack", reason),
    });
    const desk = new CommandReceiver({
      clock,
      log,
      forward: (request) => post({ kind: "command", request }),
      acknowledge: (ack) => acks.put(ack),
    });
    const discovery = discoveryOf(plan, topics);
    const startedAtMs = clock.wallMs();
    return { plan, topics, link, retained, inferences, acks, desk, discovery, startedAtMs };
  }

  async #leave(): Promise<void> {
    if (this.#running === null) return;
    const { acks, desk, inferences, link } = this.#running;
    desk.stop();
    inferences.pump();
    if (inferences.inFlight > 0 && link.connected) await this.#idle(inferences);
    inferences.clear();
    const said = link.connected && await this.#sayOffline(link);
    // Where `offline` was not acknowledged the last will says it: so the broker must not forget it.
    await link.close({ inOrder: said, withinMs: LEAVE_TIMEOUT_MS });
    acks.clear();
  }

  /** Resolves when no inference is on its way any more, or after the deadline. */
  #idle(inferences: InferenceFlow): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(FLUSH_TIMEOUT_MS, resolve);
      inferences.whenIdle(() => {
        cancel();
        resolve();
      });
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

  /**
   * With every connection: the retained topics first, so that whoever listens knows what follows; then
   * the subscriptions; and when those are answered, what waited.
   */
  #connected(): void {
    if (this.#running === null) return;
    const { discovery, link, plan, retained, topics } = this.#running;
    const filters = [topics.control, ...(discovery === null ? [] : [discovery.filter])];
    this.#unsubscribed = filters.length;
    this.#refusalTold = false;
    retained.connected();
    for (const filter of filters) {
      if (!link.connected) return;
      link.subscribe(filter, filter === topics.control ? plan.qos.control : 1, (error) => {
        if (error !== null) {
          if (error.code !== "BROKER_REFUSED_SUBSCRIPTION") return;
          this.#parts.log.error("mqtt.subscribe_refused", { ...error.toData() });
        }
        this.#subscribed();
      });
    }
  }

  #subscribed(): void {
    if (this.#unsubscribed === null) return;
    this.#unsubscribed -= 1;
    if (this.#unsubscribed > 0) return;
    this.#running?.acks.connected();
    this.#running?.inferences.pump();
  }

  #onMessage({ topic, payload, retained }: IncomingMessage): void {
    if (this.#running === null) return;
    const { desk, discovery, topics } = this.#running;
    if (topic === topics.control) return desk.take(payload, retained);
    // What an earlier configuration had announced and this one has not: a camera that was removed.
    if (discovery === null || payload.byteLength === 0 || !discovery.owns(topic)) return;
    if (!discovery.configs.has(topic)) this.#running.retained.clear("discovery", topic);
  }

  /** Once for each connection: what is refused once is refused again with every message. */
  #tellRefusal(error: BrokerError): void {
    if (this.#refusalTold) return;
    this.#refusalTold = true;
    this.#parts.log.warning("mqtt.refused", { ...error.toData() });
  }

  #status(state: "online" | "offline", sinceMs: WallMs): OutgoingMessage {
    const { plan, topics } = this.#started("tell the status");
    const payload = statusPayload({ state, sinceMs, version: plan.version });
    return retainedMessage(topics.status, payload, 1);
  }

  #retain(kind: TopicKind, topic: string, payload: unknown, qos: 0 | 1): void {
    if (this.#stopped !== null) return this.#discarded(kind, "shutdown");
    this.#running?.retained.set(kind, retainedMessage(topic, payload, qos));
  }

  #discarded(topicKind: TopicKind, reason: InferenceDiscard): void {
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
