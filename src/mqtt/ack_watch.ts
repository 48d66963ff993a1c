import type { Cancel, Clock } from "../core/clock.ts";
import { NO_PUBACK } from "./broker_errors.ts";

/**
 * How often it looks, and the look at which a broker is silent that has acknowledged nothing since before
 * the first: it has 30 s at least, as long as it may leave a PING unanswered. A process that was paused
 * reads what has come meanwhile before the next look.
 */
export const ACK_LOOK_MS = 15_000;
const SILENT_LOOK = 3;

/** Counts the messages of QoS 1 without a PUBACK, and notices that none comes for any of them. */
export class AckWatch {
  readonly #clock: Clock;
  readonly #onSilent: (error: Error) => void;
  #count = 0;
  /** Looks since the newest PUBACK, or since there are messages without one. */
  #looks = 0;
  #cancel: Cancel | null = null;

  /** @param onSilent  called with an error that has a code, as those of the system have */
  constructor(clock: Clock, onSilent: (error: Error) => void) {
    this.#clock = clock;
    this.#onSilent = onSilent;
  }

  /** Messages that were sent, and are not acknowledged or refused yet. */
  get count(): number {
    return this.#count;
  }

  sent(): void {
    this.#count += 1;
    if (this.#cancel !== null) return;
    this.#looks = 0;
    this.#wait();
  }

  settled(): void {
    this.#count -= 1;
    this.#looks = 0;
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #wait(): void {
    this.#cancel = this.#clock.after(ACK_LOOK_MS, () => this.#look());
  }

  #look(): void {
    this.#cancel = null;
    if (this.#count === 0) return;
    this.#looks += 1;
    if (this.#looks < SILENT_LOOK) return this.#wait();
    const error = new Error("no message was acknowledged");
    this.#onSilent(Object.assign(error, { code: NO_PUBACK }));
  }
}
