import { systemClock } from "./clock.ts";
import { errorData, LifecycleError } from "./errors.ts";
import { collectPeriodically } from "./garbage_collection.ts";
import { isLifeline, type LifelineMessage } from "./lifeline.ts";
import { type Log, logTo } from "./log.ts";
import type { FailedMessage, LogMessage } from "./messages.ts";

/**
 * What a worker's entry needs of its global scope.
 *
 * The compiler checks the whole tree with the library of the main thread, in which the global scope
 * has no `postMessage`; taking in the library of a worker beside it declares `self` twice. So the
 * scope is looked at when the worker starts, and named here.
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

/** A worker's way back to the thread that started it. */
export interface WorkerLink<Out> {
  /** What is in `transfers` belongs to the receiver from here on. */
  post(message: Out | LogMessage | FailedMessage, transfers?: Transferable[]): void;
  /** Aborted once `failed` was posted: what this thread still does counts for nothing. */
  readonly failed: AbortSignal;
  /** Posts each record; formatting and redaction happen in one place, on the other side. */
  readonly log: Log;
}

/** Takes one message. What it throws, or rejects with, is told as `failed`. */
export type MessageHandler<In> = (message: In) => void | Promise<void>;

/**
 * Makes this thread a worker that takes `In` and answers `Out`. Called once, by a file in `workers/`.
 *
 *     serve<ToBroker, FromBroker>((link) => (message) => { switch (message.kind) { … } });
 *
 * Messages are not queued behind an asynchronous handler: one that must finish first says so itself.
 * An error nobody caught becomes a `failed` message instead of ending the worker without a word.
 * @param begin builds what the worker holds, and returns its handler
 * @param scope the worker's global scope; tests hand in their own
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
  const take = async (message: In) => {
    try {
      await handle(message);
    } catch (error) {
      fail(error);
    }
  };
  let lifeline: LifelineMessage | null = null;
  scope.addEventListener("message", ({ data }) => {
    if (lifeline === null && isLifeline(data)) lifeline = data;
    else void take(data);
  });
}

/** The global scope as that of a worker. */
function workerScope(scope: object): WorkerScope {
  if (!isWorkerScope(scope)) {
    throw new LifecycleError("this file is the entry of a worker and must be started as one");
  }
  return scope;
}

function isWorkerScope(scope: object): scope is WorkerScope {
  return "postMessage" in scope && typeof scope.postMessage === "function";
}
