import type { CameraStatus } from "../../core/camera_types.ts";
import type { Clock } from "../../core/clock.ts";
import type { CommandAnswer, CommandRequest } from "../../core/commands.ts";
import type { ErrorData } from "../../core/errors.ts";
import { type FromPublisher, portTransfers, type ToPublisher } from "../../core/messages.ts";
import type { PresenceChange } from "../../core/presence_types.ts";
import type { BrokerState, MessageAccounts, PublisherPlan } from "../../core/publisher_types.ts";
import type { Child } from "../supervision/child.ts";
import { MessageLedger } from "./message_ledger.ts";
import type { Spawn, WorkerHandle } from "./worker_handle.ts";

/** An inference message was published. */
export type Emitted = Extract<FromPublisher, { kind: "emitted" }>;

/** The publisher as the inference workers need it. */
export interface ResultRouter {
  /**
   * Opens a port for the results of a worker's thread.
   * @returns the thread's end; null while there is no publisher, and results are lost
   */
  openResults(worker: string): MessagePort | null;
  /** The worker's thread was abandoned: no `end` of its results will come. */
  abandonResults(worker: string): void;
}

/** The publisher as the settings of presence need it. */
export interface PresenceRouter {
  /** Changes a setting of presence from the next frame on, and for all later threads. */
  changePresence(change: PresenceChange): void;
}

/** What the publisher works with. */
export interface PublisherWorkerParts {
  readonly spawn: Spawn<ToPublisher, FromPublisher>;
  readonly plan: PublisherPlan;
  readonly clock: Clock;
  /** A thread was started: results must be routed to it. */
  readonly onStarted: () => void;
  readonly onCommand: (request: CommandRequest) => void;
  /** The publisher received the result of a frame, which will be published or discarded. */
  readonly onProduced: (frame: { readonly camera: string; readonly seq: number }) => void;
  readonly onEmitted: (emitted: Emitted) => void;
  readonly onFailed: (worker: PublisherWorker, error: ErrorData) => void;
}

/** The publisher as the main thread holds it. */
export class PublisherWorker implements Child, ResultRouter, PresenceRouter {
  readonly name = "publisher";
  /** The service cannot run without it, and its faults are no camera's: a restart of the process is due. */
  readonly park = null;
  readonly #parts: PublisherWorkerParts;
  /** The newest status of each camera, for a thread that replaces the present one. */
  readonly #cameras = new Map<string, CameraStatus>();
  /** The newest change of each setting of presence, for the same. */
  readonly #changes = new Map<string, PresenceChange>();
  readonly #messages = new MessageLedger();
  #handle: WorkerHandle<ToPublisher> | null = null;
  #broker: BrokerState;

  constructor(parts: PublisherWorkerParts) {
    this.#parts = parts;
    this.#broker = {
      connected: false,
      sinceMs: parts.clock.wallMs(),
      error: null,
      protocol: null,
      reconnects: 0,
      problem: null,
    };
  }

  /** The connection to the broker. */
  get broker(): BrokerState {
    return this.#broker;
  }

  /** What became of the messages of all threads so far. */
  get messages(): MessageAccounts {
    return this.#messages.accounts();
  }

  /** Starts the thread, which connects in the background and retries until it succeeds. */
  start(): void {
    const { spawn, plan, onStarted } = this.#parts;
    const handle = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#parts.onFailed(this, error),
    });
    this.#handle = handle;
    handle.post({ kind: "start", plan });
    for (const change of this.#changes.values()) handle.post({ kind: "presence", change });
    for (const status of this.#cameras.values()) handle.post({ kind: "camera", status });
    onStarted();
  }

  openResults(worker: string): MessagePort | null {
    if (this.#handle === null) return null;
    const { port1, port2 } = new MessageChannel();
    const message: ToPublisher = { kind: "results", worker, port: port1 };
    this.#handle.post(message, portTransfers(message));
    return port2;
  }

  abandonResults(worker: string): void {
    this.#handle?.post({ kind: "results-abandoned", worker });
  }

  publishCamera(status: CameraStatus): void {
    this.#cameras.set(status.camera, status);
    this.#handle?.post({ kind: "camera", status });
  }

  changePresence(change: PresenceChange): void {
    this.#changes.set(settingOf(change), change);
    this.#handle?.post({ kind: "presence", change });
  }

  publishHealth(health: Readonly<Record<string, unknown>>): void {
    this.#handle?.post({ kind: "health", health });
  }

  answer(answer: CommandAnswer): void {
    this.#handle?.post({ kind: "answer", answer });
  }

  abandon(): void {
    this.#handle?.terminate();
    this.#handle = null;
    this.#messages.threadEnded();
    this.#broker = { ...this.#broker, connected: false, sinceMs: this.#parts.clock.wallMs() };
  }

  /** Publishes messages in flight, then `offline`. */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    return await this.#handle?.stop(deadline) ?? true;
  }

  #onMessage(message: FromPublisher): void {
    switch (message.kind) {
      case "broker":
        this.#broker = message.state;
        return;
      case "command":
        return this.#parts.onCommand(message.request);
      case "produced":
        this.#messages.produced(message.topicKind);
        if (message.frame !== null) this.#parts.onProduced(message.frame);
        return;
      case "emitted":
        this.#messages.published("inference");
        return this.#parts.onEmitted(message);
      case "published":
        return this.#messages.published(message.topicKind);
      case "discarded":
        return this.#messages.discarded(message.topicKind, message.reason);
      case "presence":
      case "presence-settled":
      case "keep":
      case "picture":
        return;
      case "tried": // The answer to a `try`, which only the dry run sends.
      case "stopped":
        return;
    }
  }
}

/** Names the setting that a change sets. */
function settingOf(change: PresenceChange): string {
  switch (change.kind) {
    case "scene":
      return `scene ${change.scene.camera}`;
    case "settings":
      return `settings ${change.detector}`;
    case "paused":
      return `paused ${change.camera} ${change.detector}`;
  }
}
