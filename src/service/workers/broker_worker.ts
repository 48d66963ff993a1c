import { errorFromData } from "../../core/errors.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { FromBroker, ToBroker } from "../../core/messages.ts";
import type { OwnClient } from "../../core/own_client.ts";
import type { AbandonedThreads } from "../supervision/abandoned_threads.ts";
import { WorkerHandle } from "./worker_handle.ts";

/** What the embedded broker's place in the service is made of. */
export interface BrokerWorkerParts {
  readonly entry: URL;
  readonly permissions: Deno.PermissionOptionsObject;
  readonly hostname: string;
  readonly port: number;
  readonly own: OwnClient;
  readonly log: Log;
  readonly threads: AbandonedThreads;
  /** It ended after it had listened. */
  readonly onFailed: (error: ErrorData) => void;
}

/** The embedded broker as the main thread holds it. */
export class BrokerWorker {
  readonly #parts: BrokerWorkerParts;
  #handle: WorkerHandle<ToBroker, FromBroker> | null = null;

  constructor(parts: BrokerWorkerParts) {
    this.#parts = parts;
  }

  /** Settles once it listens. @throws OrionError when it cannot */
  async start(): Promise<void> {
    const { hostname, port, own } = this.#parts;
    const listening = Promise.withResolvers<void>();
    let started = false;
    this.#handle = new WorkerHandle<ToBroker, FromBroker>({
      entry: this.#parts.entry,
      name: "broker",
      permissions: this.#parts.permissions,
      log: this.#parts.log,
      threads: this.#parts.threads,
      onMessage: (message) => {
        if (message.kind !== "listening") return;
        started = true;
        listening.resolve();
      },
      onFailed: (error) =>
        started ? this.#parts.onFailed(error) : listening.reject(errorFromData(error)),
    });
    this.#handle.post({ kind: "start", hostname, port, own });
    await listening.promise;
  }

  /** Gives the thread up; {@link start} begins another. */
  abandon(): void {
    this.#handle?.release();
    this.#handle = null;
  }

  async stop(deadline: Promise<unknown>): Promise<boolean> {
    return await this.#handle?.stop({ kind: "stop" }, deadline) ?? true;
  }
}
