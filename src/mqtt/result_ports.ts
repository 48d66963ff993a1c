import { instantOf } from "../core/age.ts";
import { assertNever } from "../core/assert.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import { LifecycleError } from "../core/errors.ts";
import type { ToResults } from "../core/messages.ts";

/**
 * How long a stop waits for workers to say their end. It is not reached as long as each either does so or
 * is given up: whatever was sent by then is here and only has to be read.
 */
export const END_TIMEOUT_MS = 1_000;

export interface ResultPortsParts {
  readonly clock: Clock;
  /** `arrivedAtMs`: when the frame arrived. */
  readonly take: (result: InferenceResult, arrivedAtMs: SteadyMs) => void;
}

/**
 * The publisher's ends of the ports that results come through, one for each thread of a detector.
 *
 * A port whose thread was replaced is still read: what that thread sent before it ended, or died, is taken
 * like any other result.
 */
export class ResultPorts {
  readonly #parts: ResultPortsParts;
  /** The ports whose end is waited for, and their workers. */
  readonly #open = new Map<MessagePort, string>();
  #whenEnded: (() => void) | null = null;

  constructor(parts: ResultPortsParts) {
    this.#parts = parts;
  }

  /** How many ends are waited for. */
  get open(): number {
    return this.#open.size;
  }

  /** Reads a worker's port from now on, and owns it. */
  add(worker: string, port: MessagePort): void {
    this.#open.set(port, worker);
    port.onmessageerror = () => {
      throw new LifecycleError(`a result of worker ${worker} was unreadable`);
    };
    port.onmessage = ({ data }: MessageEvent<ToResults>) => this.#onMessage(port, data);
  }

  /** No end is waited for; results that are on their way are taken. */
  giveUp(worker: string): void {
    for (const [port, name] of this.#open) {
      if (name === worker) this.#over(port);
    }
  }

  /** Settles when every thread has said its end and all that came was taken, or after the time-out. */
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

  #onMessage(port: MessagePort, message: ToResults): void {
    switch (message.kind) {
      case "result":
        return this.#parts.take(message.result, instantOf(message.age, this.#parts.clock));
      case "end":
        port.close();
        return this.#over(port);
      default:
        return assertNever(message);
    }
  }

  #over(port: MessagePort): void {
    this.#open.delete(port);
    if (this.#open.size === 0) this.#whenEnded?.();
  }
}
