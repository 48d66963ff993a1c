import { MessageChannel } from "node:worker_threads";
import { assert } from "../../core/assert.ts";
import { errorData, LifecycleError } from "../../core/errors.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { LifelineMessage } from "../../core/lifeline.ts";
import type { Log } from "../../core/log.ts";
import type { FailedMessage, LogMessage, StopMessage } from "../../core/messages.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";

/** How a worker is started. */
export interface WorkerSpec<Out> {
  /** The entry in `workers/`. */
  readonly entry: URL;
  /** For logs and the watchdog: `person-0`, `gate`. */
  readonly name: string;
  /** What it may do; nothing else is inherited. */
  readonly permissions: Deno.PermissionOptionsObject;
  readonly log: Log;
  /** Counts the thread from when it is let go until it has ended; none where the process ends anyway. */
  readonly threads?: AbandonedThreads;
  readonly onMessage: (message: Out) => void;
  /** The worker cannot go on. Told at most once, and never after {@link WorkerHandle.release}. */
  readonly onFailed: (error: ErrorData) => void;
}

/** A worker thread as the main thread holds it: typed messages, one failure, one end. */
export class WorkerHandle<
  In extends { readonly kind: string },
  Out extends { readonly kind: string },
> {
  readonly name: string;
  readonly #spec: WorkerSpec<Out>;
  readonly #worker: Worker;
  readonly #stopped = Promise.withResolvers<void>();
  /** Settles when the thread has ended. */
  readonly #ended: Promise<void>;
  #released = false;
  #failed = false;

  constructor(spec: WorkerSpec<Out>) {
    this.name = spec.name;
    this.#spec = spec;
    this.#worker = new Worker(spec.entry, {
      type: "module",
      name: spec.name,
      deno: { permissions: spec.permissions },
    });
    this.#ended = lifeline(this.#worker);
    this.#worker.onmessage = (event: MessageEvent<Out | LogMessage | FailedMessage>) =>
      this.#onMessage(event.data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(errorData(new LifecycleError(`worker ${spec.name}: ${event.message}`)));
    };
    this.#worker.onmessageerror = () =>
      this.#fail(errorData(new LifecycleError(`worker ${spec.name}: a message was unreadable`)));
  }

  /** Sends a message; one for a worker that was let go is dropped, as it would be a moment later. */
  post(message: In, transfers: Transferable[] = []): void {
    if (!this.#released) this.#worker.postMessage(message, transfers);
  }

  /**
   * Asks the worker to stop, and lets go of it when it has, or when the deadline has passed.
   * @returns whether it stopped by itself
   */
  async stop(stop: In & StopMessage, deadline: Promise<unknown>): Promise<boolean> {
    if (this.#released) return true;
    this.post(stop);
    const orderly = await Promise.race([
      this.#stopped.promise.then(() => true),
      deadline.then(() => false),
    ]);
    this.release();
    return orderly;
  }

  /**
   * Terminates the worker and forgets it: nothing it still says is heard. A thread that is busy, in
   * JavaScript or in a native call, goes on until that returns; nothing waits for it.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#worker.onmessage = null;
    this.#worker.onerror = (event) => event.preventDefault();
    this.#worker.terminate();
    this.#spec.threads?.add(this.name, this.#ended);
    this.#stopped.resolve();
  }

  #onMessage(message: Out | LogMessage | FailedMessage): void {
    if (this.#released) return;
    if (isLog(message)) {
      const { level, event, fields } = message.record;
      this.#spec.log[level](event, fields);
    } else if (isFailed(message)) {
      this.#fail(message.error);
    } else {
      this.#spec.onMessage(message);
      if (message.kind === "stopped") this.#stopped.resolve();
    }
  }

  #fail(error: ErrorData): void {
    if (this.#released || this.#failed) return;
    this.#failed = true;
    this.#spec.onFailed(error);
  }
}

/**
 * Ties a port to a worker's thread. Only ports of Node's channels tell when the other end is gone.
 * @returns settles when the thread has ended
 */
function lifeline(worker: Worker): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  assert(port2 instanceof MessagePort, "a port of Node's channels cannot be transferred");
  const ended = Promise.withResolvers<void>();
  port1.on("close", () => ended.resolve());
  // Without a listener for messages it would not notice.
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
