import type { Clock } from "../../core/clock.ts";

/** Reads in a row that find bytes at once, before timers and messages get their turn. */
const MAX_READS_AT_ONCE = 8;

/**
 * Turns of the event loop between reads. A read that finds bytes gives it none: a camera that never stops
 * sending would keep its own timers and messages waiting, those that end it included.
 */
export class Turns {
  readonly #clock: Clock;
  #readsAtOnce = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param isMore  the next read may find bytes at once */
  async afterRead(isMore: boolean): Promise<void> {
    this.#readsAtOnce = isMore ? this.#readsAtOnce + 1 : 0;
    if (this.#readsAtOnce < MAX_READS_AT_ONCE) return;
    this.#readsAtOnce = 0;
    await this.#clock.sleep(0);
  }
}
