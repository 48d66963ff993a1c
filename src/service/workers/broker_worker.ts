import { type ErrorData, errorFromData } from "../../core/errors.ts";
import type { FromBroker, ToBroker } from "../../core/messages.ts";
import type { OwnClient } from "../../core/publisher_types.ts";
import type { Child } from "../supervision/child.ts";
import type { Spawn, WorkerHandle } from "./worker_handle.ts";

/** What the embedded broker works with. */
export interface BrokerWorkerParts {
  readonly spawn: Spawn<ToBroker, FromBroker>;
  readonly hostname: string;
  readonly port: number;
  readonly own: OwnClient;
  /** It failed, or could not be started again. A failure of the first start rejects `listening`. */
  readonly onFailed: (worker: BrokerWorker, error: ErrorData) => void;
}

/** The embedded broker as the main thread holds it. */
export class BrokerWorker implements Child {
  readonly name = "broker";
  /** The service cannot run without it, and its faults are no camera's: a restart of the process is due. */
  readonly park = null;
  readonly #parts: BrokerWorkerParts;
  readonly #listening = Promise.withResolvers<void>();
  #hasListened = false;
  #handle: WorkerHandle<ToBroker> | null = null;

  constructor(parts: BrokerWorkerParts) {
    this.#parts = parts;
  }

  /** Settles when the first thread listens. @throws OrionError when it cannot */
  get listening(): Promise<void> {
    return this.#listening.promise;
  }

  start(): void {
    const { spawn, hostname, port, own } = this.#parts;
    this.#handle = spawn({
      name: this.name,
      onMessage: (message) => this.#onMessage(message),
      onFailed: (error) => this.#onFailed(error),
    });
    this.#handle.post({ kind: "start", hostname, port, own });
  }

  abandon(): void {
    this.#handle?.terminate();
    this.#handle = null;
  }

  async stop(deadline: Promise<unknown>): Promise<boolean> {
    return await this.#handle?.stop(deadline) ?? true;
  }

  #onMessage(message: FromBroker): void {
    switch (message.kind) {
      case "listening":
        this.#hasListened = true;
        return this.#listening.resolve();
      case "stopped":
        return;
    }
  }

  #onFailed(error: ErrorData): void {
    if (this.#hasListened) this.#parts.onFailed(this, error);
    else this.#listening.reject(errorFromData(error));
  }
}
