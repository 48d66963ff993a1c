import { instantOf } from "../core/age.ts";
import { assertNever } from "../core/assert.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import { LifecycleError } from "../core/errors.ts";
import type { ToResults } from "../core/messages.ts";

/**
 * How long a stop waits for the `end` of every worker. It is not reached as long as each either sends it
 * or is abandoned: what was sent by then is in the ports and only has to be read.
 */
export const END_TIMEOUT_MS = 1_000;

export interface ResultReceiverParts {
  readonly clock: Clock;
  /** `arrivedAtMs`: when the frame arrived. */
  readonly onResult: (result: InferenceResult, arrivedAtMs: SteadyMs) => void;
}

/**
 * Receives results through the publisher's ends of the ports, one for each thread of a detector.
 *
 * The port of a replaced thread is still read: what that thread sent before it ended or died counts like
 * any other result.
 */
export class ResultReceiver {
  readonly #parts: ResultReceiverParts;
  /** The ports whose `end` is awaited, and their workers. */
  readonly #ports = new Map<MessagePort, string>();
  #onDrained: (() => void) | null = null;

  constructor(parts: ResultReceiverParts) {
    this.#parts = parts;
  }

  /** The number of ports whose `end` is awaited. */
  get openPorts(): number {
    return this.#ports.size;
  }

  /** Starts to read a worker's port, and owns it. */
  add(worker: string, port: MessagePort): void {
    this.#ports.set(port, worker);
    port.onmessageerror = () => {
      throw new LifecycleError(`a result of worker ${worker} was unreadable`);
    };
    port.onmessage = ({ data }: MessageEvent<ToResults>) => this.#onMessage(port, data);
  }

  /** Awaits no `end` of a worker any more; results in its ports are still received. */
  abandon(worker: string): void {
    for (const [port, name] of this.#ports) {
      if (name === worker) this.#onEnd(port);
    }
  }

  /** Resolves when every thread has sent its `end` and all results were received, or at the deadline. */
  drained(): Promise<void> {
    if (this.#ports.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(END_TIMEOUT_MS, resolve);
      this.#onDrained = () => {
        cancel();
        resolve();
      };
    });
  }

  #onMessage(port: MessagePort, message: ToResults): void {
    switch (message.kind) {
      case "result":
        return this.#parts.onResult(message.result, instantOf(message.age, this.#parts.clock));
      case "end":
        port.close();
        return this.#onEnd(port);
      default:
        return assertNever(message);
    }
  }

  #onEnd(port: MessagePort): void {
    this.#ports.delete(port);
    if (this.#ports.size === 0) this.#onDrained?.();
  }
}
