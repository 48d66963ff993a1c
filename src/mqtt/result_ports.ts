import { assertNever } from "../core/assert.ts";
import type { Clock } from "../core/clock.ts";
import { LifecycleError } from "../core/errors.ts";
import type { InferenceResult, ToResults } from "../core/messages.ts";

/**
 * How long a stop waits for the ends of the workers' results. What a worker sent before it stopped is here
 * by then and only has to be read; one that was given up says no end.
 */
export const END_TIMEOUT_MS = 250;

export interface ResultPortsParts {
  readonly clock: Clock;
  readonly take: (result: InferenceResult) => void;
}

/**
 * The publisher's ends of the ports that results come through, one for each worker of a detector.
 *
 * A port whose thread was replaced is still read: what that thread sent before it ended, or died, is taken
 * like any other result.
 */
export class ResultPorts {
  readonly #parts: ResultPortsParts;
  /** The newest port of each worker that has not said its end. */
  readonly #open = new Map<string, MessagePort>();
  #whenEnded: (() => void) | null = null;

  constructor(parts: ResultPortsParts) {
    this.#parts = parts;
  }

  /** How many workers may still send something. */
  get open(): number {
    return this.#open.size;
  }

  /** Reads a worker's port from now on, and owns it. */
  add(worker: string, port: MessagePort): void {
    this.#open.set(worker, port);
    port.onmessageerror = () => {
      throw new LifecycleError(`a result of worker ${worker} was unreadable`);
    };
    port.onmessage = ({ data }: MessageEvent<ToResults>) => this.#onMessage(worker, port, data);
  }

  /** Settles when every worker has said its end and all that came was taken, or after the time-out. */
  ended(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(END_TIMEOUT_MS, resolve);
      this.#whenEnded = () => {
        cancel();
        resolve();
      };
    });
  }

  #onMessage(worker: string, port: MessagePort, message: ToResults): void {
    switch (message.kind) {
      case "result":
        return this.#parts.take(message.result);
      case "end":
        port.close();
        if (this.#open.get(worker) === port) this.#open.delete(worker);
        if (this.#open.size === 0) this.#whenEnded?.();
        return;
      default:
        return assertNever(message);
    }
  }
}
