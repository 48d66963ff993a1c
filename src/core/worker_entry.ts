import { systemClock } from "./clock.ts";
import { errorData, LifecycleError } from "./errors.ts";
import { collectPeriodically } from "./garbage_collection.ts";
import { isLifeline, type LifelineMessage } from "./lifeline.ts";
import { type Log, logTo } from "./log.ts";
import type { FromWorker } from "./messages.ts";

/**
 * What a worker's entry needs of its global scope.
 *
 * The compiler checks the whole tree with the main thread's library, whose global scope has no
 * `postMessage`; adding a worker's library declares `self` twice. So the scope is checked when the worker
 * starts, and declared here.
 */
export interface WorkerScope {
  postMessage(message: unknown, transfers: Transferable[]): void;
  addEventListener(type: "message", listener: (event: MessageEvent) => void): void;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(
    type: "unhandledrejection",
    listener: (event: PromiseRejectionEvent) => void,
  ): void;
}

/** A worker's link to the thread that started it. */
export interface WorkerLink<Out> {
  /** Ownership of `transfers` passes to the receiver. */
  post(message: FromWorker<Out>, transfers?: Transferable[]): void;
  /** Aborted once `failed` was posted: further results of this thread do not count. */
  readonly failed: AbortSignal;
  /** Posts each record; the main thread formats and redacts it. */
  readonly log: Log;
}

/** Handles one message. An exception or a rejection is posted as `failed`. */
export type MessageHandler<In> = (message: In) => void | Promise<void>;

/**
 * Makes this thread a worker that receives `In` and posts `Out`. Called once, by a file in `workers/`.
 *
 *     serve<ToBroker, FromBroker>((link) => (message) => { switch (message.kind) { … } });
 *
 * Messages are not queued behind an asynchronous handler: a handler that must finish first has to await it
 * itself. An uncaught error becomes a `failed` message instead of ending the worker silently.
 * @param begin  creates the worker's state, and returns its handler
 * @param scope  the worker's global scope; tests pass their own
 */
export function serve<In, Out>(
  begin: (link: WorkerLink<Out>) => MessageHandler<In>,
  scope: WorkerScope = workerScope(globalThis),
): void {
  const post: WorkerLink<Out>["post"] = (message, transfers = []) =>
    scope.postMessage(message, transfers);
  const failed = new AbortController();
  const fail = (error: unknown) => {
    post({ kind: "failed", error: errorData(error) });
    failed.abort();
  };
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    fail(event.reason);
  });
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    fail(event.error);
  });
  collectPeriodically(systemClock);
  const log = logTo((record) => post({ kind: "log", record }));
  const handle = begin({ post, failed: failed.signal, log });
  const receive = async (message: In) => {
    try {
      await handle(message);
    } catch (error) {
      fail(error);
    }
  };
  let lifeline: LifelineMessage | null = null;
  scope.addEventListener("message", ({ data }) => {
    if (lifeline === null && isLifeline(data)) lifeline = data;
    else void receive(data);
  });
}

/** The global scope as that of a worker, whose errors have no stack from now on: none is ever shown. */
function workerScope(scope: object): WorkerScope {
  if (!isWorkerScope(scope)) {
    throw new LifecycleError("this file is the entry of a worker and must be started as one");
  }
  // For a stack Deno reads and parses sources, and without free descriptors that ends the process.
  Error.stackTraceLimit = 0;
  return scope;
}

function isWorkerScope(scope: object): scope is WorkerScope {
  return "postMessage" in scope && typeof scope.postMessage === "function";
}
