import type { Clock } from "../../core/clock.ts";

/** Consecutive reads that return at once, before timers and messages are served. */
const MAX_CONSECUTIVE_READS = 8;

/**
 * Yields to the event loop between reads. A read that finds bytes returns without yielding: a camera that
 * never stops sending would starve timers and messages, those that close its connection included.
 */
export class EventLoopYielder {
  readonly #clock: Clock;
  #consecutiveReads = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param isMore  the next read may return at once */
  async afterRead(isMore: boolean): Promise<void> {
    this.#consecutiveReads = isMore ? this.#consecutiveReads + 1 : 0;
    if (this.#consecutiveReads < MAX_CONSECUTIVE_READS) return;
    this.#consecutiveReads = 0;
    await this.#clock.sleep(0);
  }
}
