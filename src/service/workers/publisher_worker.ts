import type { Clock } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type {
  BrokerState,
  CameraStatus,
  CommandAnswer,
  CommandRequest,
  FromPublisher,
  PublisherPlan,
  TopicKind,
  ToPublisher,
} from "../../core/messages.ts";
import { portTransfers } from "../../core/messages.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** An inference message that was handed to the MQTT client. */
export type Emitted = Extract<FromPublisher, { kind: "emitted" }>;

/** The publisher as the inference workers' places need it. */
export interface ResultWays {
  /**
   * A new way for the results of a worker's thread.
   * @returns the thread's end; null while there is no publisher: what is seen meanwhile is lost
   */
  openResults(worker: string): MessagePort | null;
  /** The worker's thread was given up: it says no end of its results. */
  giveUpResults(worker: string): void;
}

/** What the publisher's place in the service is made of. */
export interface PublisherWorkerParts {
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly plan: PublisherPlan;
  readonly clock: Clock;
  readonly log: Log;
  readonly threads: AbandonedThreads;
  readonly onCommand: (request: CommandRequest) => void;
  readonly onEmitted: (emitted: Emitted) => void;
  readonly onPublished: (topicKind: TopicKind) => void;
  readonly onDiscarded: (topicKind: TopicKind, reason: string) => void;
  readonly onFailed: (error: ErrorData) => void;
}

/** The publisher as the main thread holds it. */
export class PublisherWorker implements ResultWays {
  readonly #parts: PublisherWorkerParts;
  readonly #cameras = new Map<string, CameraStatus>();
  #handle: WorkerHandle<ToPublisher, FromPublisher> | null = null;
  #state: BrokerState;

  constructor(parts: PublisherWorkerParts) {
    this.#parts = parts;
    this.#state = {
      connected: false,
      sinceMs: parts.clock.wallMs(),
      error: null,
      protocol: null,
      reconnects: 0,
    };
  }

  get broker(): BrokerState {
    return this.#state;
  }

  /** Starts the thread, which connects in the background for as long as it takes. */
  start(): void {
    const handle = new WorkerHandle<ToPublisher, FromPublisher>({
      entry: this.#parts.entry,
      name: "publisher",
      permissions: this.#parts.permissions,
      log: this.#parts.log,
      threads: this.#parts.threads,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#parts.onFailed(error),
    });
    this.#handle = handle;
    handle.post({ kind: "start", plan: this.#parts.plan });
    for (const status of this.#cameras.values()) handle.post({ kind: "camera", status });
  }

  openResults(worker: string): MessagePort | null {
    if (this.#handle === null) return null;
    const { port1, port2 } = new MessageChannel();
    const message: ToPublisher = { kind: "results", worker, port: port1 };
    this.#handle.post(message, portTransfers(message));
    return port2;
  }

  giveUpResults(worker: string): void {
    this.#handle?.post({ kind: "results-given-up", worker });
  }

  camera(status: CameraStatus): void {
    this.#cameras.set(status.camera, status);
    this.#handle?.post({ kind: "camera", status });
  }

  health(health: Readonly<Record<string, unknown>>): void {
    this.#handle?.post({ kind: "health", health });
  }

  answer(answer: CommandAnswer): void {
    this.#handle?.post({ kind: "answer", answer });
  }

  /** Gives the thread up; {@link start} begins another. */
  abandon(): void {
    this.#handle?.release();
    this.#handle = null;
    this.#state = { ...this.#state, connected: false, sinceMs: this.#parts.clock.wallMs() };
  }

  /** Publishes what is in flight and `offline`. @returns whether it did before the deadline */
  async stop(deadline: Promise<unknown>): Promise<boolean> {
    return await this.#handle?.stop({ kind: "stop" }, deadline) ?? true;
  }

  #onMessage(message: FromPublisher): void {
    switch (message.kind) {
      case "broker":
        this.#state = message.state;
        return;
      case "command":
        return this.#parts.onCommand(message.request);
      case "emitted":
        return this.#parts.onEmitted(message);
      case "published":
        return this.#parts.onPublished(message.topicKind);
      case "discarded":
        return this.#parts.onDiscarded(message.topicKind, message.reason);
      // Only a check asks for this one.
      case "tried":
      // The handle takes these before they come here.
      case "stopped":
      case "log":
      case "failed":
        return;
    }
  }
}
