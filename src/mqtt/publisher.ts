import type { CameraStatus } from "../core/camera_types.ts";
import type { Clock, SteadyMs, WallMs } from "../core/clock.ts";
import type { CommandAnswer } from "../core/commands.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import { type ErrorData, LifecycleError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { FromPublisher } from "../core/messages.ts";
import type { Placement, Scene, Stay } from "../core/presence_types.ts";
import type { PublisherPlan, Replan } from "../core/publisher_types.ts";
import { disconnectInOrder } from "./disconnect.ts";
import { FailureLog } from "./failure_log.ts";
import type { Link, LinkEvents, LinkPlan, LinkState } from "./link.ts";
import { MessageCounts } from "./message_counts.ts";
import { cameraPayload, statusPayload } from "./payloads.ts";
import type { PresenceMessages } from "./presence_messages.ts";
import { type RetainedKind, retainedMessage } from "./retained_messages.ts";
import { assemble, filtersOf, replan, type Running } from "./running.ts";
import type { IncomingMessage, OutgoingMessage } from "./session.ts";
import { StatusWatch } from "./status_watch.ts";
import { readTlsFiles } from "./tls_files.ts";
import { clientIdOf, type Topics, topicsOf } from "./topics.ts";

export interface PublisherParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Drawn at random: distinguishes this publisher from every other. */
  readonly session: number;
  readonly post: (message: FromPublisher) => void;
  readonly openLink: (plan: LinkPlan, events: LinkEvents) => Link;
  /** Reads a PEM file. */
  readonly readText: (path: string) => Promise<string>;
}

/**
 * Publishes the status of the instance, the states of its cameras, its health and the inferences, and
 * receives the commands of the control topic.
 *
 * Takes messages whether the broker is connected or not, and never blocks the caller. While it is not,
 * inferences wait in an outbox, and of every retained topic the newest message; discarded messages are
 * counted by reason. Works in any thread.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #counts: MessageCounts;
  readonly #failures: FailureLog;
  #running: Running | null = null;
  /** Subscriptions of this connection without a SUBACK; null before the first connection. */
  #pendingSubacks: number | null = null;
  #stopped: Promise<void> | null = null;
  #linkState: LinkState | null = null;
  #problem: ErrorData | null = null;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
    this.#counts = new MessageCounts(parts.post);
    this.#failures = new FailureLog(parts.log);
  }

  /**
   * Starts to connect, and to reconnect until it is stopped; posts the state of the connection.
   * @param openStays  the stays that are open now
   */
  start(plan: PublisherPlan, openStays: () => readonly Stay[] = () => []): void {
    if (this.#running !== null) throw new LifecycleError("the publisher was started twice");
    const topics = topicsOf(plan);
    const link = this.#parts.openLink({
      clientId: clientIdOf(plan),
      broker: plan.broker,
      readTlsFiles: () => readTlsFiles(plan.broker, this.#parts.readText),
      // The time when the broker will publish it is unknown: it carries the time of the connection.
      will: () => this.#statusMessage("offline", this.#parts.clock.wallMs()),
    }, {
      connected: () => this.#onConnected(),
      stateChanged: (state) => this.#onStateChanged(state),
      message: (message) => this.#onMessage(message),
    });
    this.#running = this.#assemble(plan, topics, link, openStays);
    const { retained, startedAtMs } = this.#running;
    retained.set("status", this.#statusMessage("online", startedAtMs));
    link.start();
  }

  /** Messages produced, and neither published nor discarded yet. */
  get waiting(): number {
    if (this.#running === null) return 0;
    const { acks, inferences, presence, retained } = this.#running;
    return inferences.waiting + presence.waiting + retained.waiting + acks.waiting;
  }

  /** What publishes the events of presence. */
  get presence(): PresenceMessages {
    return this.#started("publish presence").presence;
  }

  /**
   * Publishes the detections of one frame, or that there are none.
   * @param arrivedAtMs  when the frame arrived
   * @param placements  where each detection is; null without presence
   */
  publishInference(
    result: InferenceResult,
    arrivedAtMs: SteadyMs,
    placements: readonly Placement[] | null = null,
  ): void {
    const { inferences } = this.#started("publish an inference");
    inferences.put(result, arrivedAtMs, placements);
  }

  /** Applies the new zones and lines of a camera. */
  changeScene(scene: Scene): void {
    const { announcer, presence } = this.#started("change a scene");
    announcer.changeScene(scene);
    presence.changeScene(scene);
  }

  /** Applies other settings: nothing stays retained of what they do not have any more. */
  replan(change: Replan): void {
    replan(this.#started("apply other settings"), change);
  }

  /** From now on copies payloads to main, or does not. */
  watch(on: boolean): void {
    this.#started("copy payloads").copies.isOn = on;
  }

  /** Publishes whether a camera's detection is switched on. */
  publishDetect(camera: string, on: boolean): void {
    const { detectSwitch } = this.#started("publish a switch");
    this.#retain("switch", detectSwitch.state(camera, on));
  }

  /** Publishes the new state of a camera. */
  publishCamera(status: CameraStatus): void {
    const { topics } = this.#started("publish the state of a camera");
    this.#retain("camera", retainedMessage(topics.camera(status.camera), cameraPayload(status), 1));
  }

  /** Publishes the answer of `GET /status`. */
  publishHealth(health: Readonly<Record<string, unknown>>): void {
    const { topics, plan } = this.#started("publish the health");
    this.#retain("health", retainedMessage(topics.health, health, plan.qos.health));
  }

  /** Acknowledges a command that was posted as `command`. */
  acknowledge(answer: CommandAnswer): void {
    this.#started("acknowledge a command").commands.answer(answer);
  }

  /**
   * Flushes the inferences, publishes `offline` and disconnects, each step with its own deadline; at once
   * where no broker is connected. Idempotent, and harmless before `start`.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  #assemble(
    plan: PublisherPlan,
    topics: Topics,
    link: Link,
    openStays: () => readonly Stay[],
  ): Running {
    const { clock, log, session, post } = this.#parts;
    const watch = this.#statusWatch(topics, link);
    return assemble({
      ...{ clock, log, session, post, plan, topics, link, watch, openStays },
      counts: this.#counts,
      isSubscribed: () => link.connected && this.#pendingSubacks === 0,
      onDone: ({ topic }, error) => {
        if (error !== null) this.#failures.failed(error);
        // Only a PUBACK of MQTT 5 says whether the rules allow it.
        if (topic === topics.status && this.#linkState?.protocol === 5) watch.settled(error);
      },
    });
  }

  #statusWatch({ status }: Topics, link: Link): StatusWatch {
    const { clock, log, session } = this.#parts;
    return new StatusWatch({
      clock,
      log,
      topic: status,
      session,
      current: () => this.#statusMessage("online", this.#started("watch").startedAtMs).payload,
      isConnected: () => link.connected,
      subscribe: (topic, done) => link.subscribe(topic, 1, done),
      repeat: () => this.#running?.retained.repeat(status),
      onDuplicate: () => link.contested(),
      onProblem: (problem) => {
        this.#problem = problem;
        this.#postState();
      },
    });
  }

  #onStateChanged(state: LinkState): void {
    this.#linkState = state;
    if (!state.connected) {
      this.#running?.watch.disconnected();
      this.#running?.presence.disconnected();
      this.#running?.announcer.disconnected();
    }
    this.#postState();
  }

  #postState(): void {
    if (this.#linkState === null) return;
    const state = { ...this.#linkState, problem: this.#problem };
    this.#parts.post({ kind: "broker", state });
  }

  async #stop(): Promise<void> {
    if (this.#running === null) return;
    const { acks, announcer, commands, inferences, link, plan, presence, retained, watch } =
      this.#running;
    commands.stop();
    watch.disconnected();
    announcer.disconnected();
    await disconnectInOrder({
      clock: this.#parts.clock,
      link,
      queues: [presence, inferences],
      ...{ counts: this.#counts, flushMs: plan.flushMs },
      offline: () => this.#statusMessage("offline", this.#parts.clock.wallMs()),
    });
    acks.discardAll();
    retained.discardAll();
  }

  /**
   * Subscribes to the status, to receive the one that is retained before ours replaces it. Publishes the
   * retained messages, so that subscribers know the context of what follows; then subscribes to the rest,
   * and with the last SUBACK publishes what waited.
   */
  #onConnected(): void {
    if (this.#running === null) return;
    const { link, plan, presence, retained, topics, watch } = this.#running;
    const filters = filtersOf(this.#running);
    this.#pendingSubacks = filters.length;
    this.#failures.connected();
    watch.connected();
    presence.connected();
    retained.publishAll();
    for (const { filter, isOptional } of filters) {
      if (!link.connected) return;
      link.subscribe(filter, filter === topics.control ? plan.qos.control : 1, (error) => {
        if (error !== null && !isOptional) {
          if (error.code !== "BROKER_REFUSED_SUBSCRIPTION") return;
          this.#parts.log.error("mqtt.subscribe_refused", { ...error.toData() });
        }
        this.#onSuback();
      });
    }
  }

  #onSuback(): void {
    if (this.#pendingSubacks === null) return;
    this.#pendingSubacks -= 1;
    if (this.#pendingSubacks > 0) return;
    this.#running?.acks.flush();
    this.#running?.inferences.flush();
    this.#running?.announcer.subscribed();
  }

  #onMessage(message: IncomingMessage): void {
    if (this.#running === null) return;
    const { topic, payload, retained } = message;
    const { announcer, commands, detectSwitch, presence, topics, watch } = this.#running;
    if (topic === topics.status) {
      if (this.#stopped === null) watch.receive(payload, { retained });
      return;
    }
    if (topic === topics.control) return commands.receive(payload, { retained });
    if (detectSwitch.receive(message) || presence.receive(message)) return;
    announcer.receive(topic, payload);
  }

  #statusMessage(state: "online" | "offline", sinceMs: WallMs): OutgoingMessage {
    const { plan, topics } = this.#started("publish the status");
    const { session } = this.#parts;
    const payload = statusPayload({ state, sinceMs, version: plan.version, session });
    return retainedMessage(topics.status, payload, 1);
  }

  #retain(kind: RetainedKind, message: OutgoingMessage): void {
    if (this.#stopped !== null) {
      this.#counts.produced(kind);
      return this.#counts.discarded(kind, "shutdown");
    }
    this.#running?.retained.set(kind, message);
  }

  #started(action: string): Running {
    if (this.#running !== null) return this.#running;
    throw new LifecycleError(`cannot ${action}: the publisher was not started`);
  }
}
