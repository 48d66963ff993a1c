import { MessageChannel } from "node:worker_threads";
import { assert } from "../../core/assert.ts";
import { errorData, LifecycleError, systemLimit } from "../../core/errors.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { LifelineMessage } from "../../core/lifeline.ts";
import type { Log } from "../../core/log.ts";
import type { FailedMessage, FromWorker, LogMessage, StopMessage } from "../../core/messages.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";

/** A worker thread as the main thread holds it. */
export interface WorkerHandle<In> {
  /** Sends a message; after {@link terminate} it is dropped. */
  post(message: In, transfers?: Transferable[]): void;
  /**
   * Requests an orderly stop, and terminates the thread once it has stopped or the deadline has passed.
   * @returns whether it stopped before the deadline
   */
  stop(deadline: Promise<unknown>): Promise<boolean>;
  /**
   * Terminates the thread and ignores all its further messages. A thread that is busy, in JavaScript or in
   * a native call, continues until that returns; this does not wait for it.
   */
  terminate(): void;
}

/** The name of a new thread and the receiver of its messages. */
export interface WorkerSpec<Out> {
  /** For logs, and for counting threads that hang: `person-0`, `capture-gate`. */
  readonly name: string;
  readonly onMessage: (message: Out) => void;
  /** The worker cannot continue. Called once at most, and never after {@link WorkerHandle.terminate}. */
  readonly onFailed: (error: ErrorData) => void;
}

/** Starts a thread of one kind. */
export type Spawn<In, Out> = (spec: WorkerSpec<Out>) => WorkerHandle<In>;

/** What all threads of one kind have in common. */
export interface SpawnParts {
  /** The entry in `workers/`. */
  readonly entry: URL;
  /** All its permissions; none are inherited. */
  readonly permissions: Deno.PermissionOptionsObject;
  readonly log: Log;
  /** Counts terminated threads until they have ended; absent where the process ends right after. */
  readonly threads?: AbandonedThreads;
}

/** Starts real threads. */
export function spawner<
  In,
  Out extends { readonly kind: string },
>(parts: SpawnParts): Spawn<In | StopMessage, Out> {
  return (spec) => new WorkerThread<In, Out>(parts, spec);
}

class WorkerThread<In, Out extends { readonly kind: string }>
  implements WorkerHandle<In | StopMessage> {
  readonly #parts: SpawnParts;
  readonly #spec: WorkerSpec<Out>;
  readonly #worker: Worker;
  readonly #stopped = Promise.withResolvers<void>();
  /** Settles when the thread has ended. */
  readonly #ended: Promise<void>;
  #terminated = false;
  #failed = false;

  constructor(parts: SpawnParts, spec: WorkerSpec<Out>) {
    const { entry, permissions } = parts;
    const { name } = spec;
    this.#parts = parts;
    this.#spec = spec;
    this.#worker = new Worker(entry, { type: "module", name, deno: { permissions } });
    this.#ended = lifeline(this.#worker);
    this.#worker.onmessage = (event: MessageEvent<FromWorker<Out>>) => this.#onMessage(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const message = `worker ${name}: ${event.message}`;
      this.#fail(systemLimit(message) ?? errorData(new LifecycleError(message)));
    };
    this.#worker.onmessageerror = () =>
      this.#fail(errorData(new LifecycleError(`worker ${name}: a message was unreadable`)));
  }

  post(message: In | StopMessage, transfers: Transferable[] = []): void {
    if (!this.#terminated) this.#worker.postMessage(message, transfers);
  }

  async stop(deadline: Promise<unknown>): Promise<boolean> {
    if (this.#terminated) return true;
    this.post({ kind: "stop" });
    const orderly = await Promise.race([
      this.#stopped.promise.then(() => true),
      deadline.then(() => false),
    ]);
    this.terminate();
    return orderly;
  }

  terminate(): void {
    if (this.#terminated) return;
    this.#terminated = true;
    this.#worker.onmessage = null;
    this.#worker.onerror = (event) => event.preventDefault();
    this.#worker.terminate();
    this.#parts.threads?.add(this.#spec.name, this.#ended);
    this.#stopped.resolve();
  }

  #onMessage(message: FromWorker<Out>): void {
    if (this.#terminated) return;
    if (isLog(message)) {
      const { level, event, fields } = message.record;
      this.#parts.log[level](event, fields);
    } else if (isFailed(message)) {
      this.#fail(message.error);
    } else {
      this.#spec.onMessage(message);
      if (message.kind === "stopped") this.#stopped.resolve();
    }
  }

  #fail(error: ErrorData): void {
    if (this.#terminated || this.#failed) return;
    this.#failed = true;
    this.#spec.onFailed(error);
  }
}

/**
 * Ties a port to a worker's thread. Only ports of Node's channels report that the other end is closed.
 * @returns settles when the thread has ended
 */
function lifeline(worker: Worker): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  assert(port2 instanceof MessagePort, "a port of Node's channels cannot be transferred");
  const ended = Promise.withResolvers<void>();
  port1.on("close", () => ended.resolve());
  // Without a listener for messages the port would not report it.
  port1.on("message", () => undefined);
  port1.unref();
  const message: LifelineMessage = { kind: "lifeline", port: port2 };
  worker.postMessage(message, [message.port]);
  return ended.promise;
}

function isLog(message: { readonly kind: string }): message is LogMessage {
  return message.kind === "log";
}

function isFailed(message: { readonly kind: string }): message is FailedMessage {
  return message.kind === "failed";
}
