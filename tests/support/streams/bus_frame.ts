/** A frame that counts its holders, and detects use after it was freed. */
import type { SteadyMs } from "../../../src/core/clock.ts";
import type { BusFrame } from "../../../src/framebus/detector_mailbox.ts";

export class CountedFrame implements BusFrame {
  readonly seq: number;
  readonly arrivedAtMs: SteadyMs;
  #holders = 1;
  #freed = 0;

  constructor(seq: number, arrivedAtMs: SteadyMs) {
    this.seq = seq;
    this.arrivedAtMs = arrivedAtMs;
  }

  get shownAtMs(): SteadyMs {
    return this.arrivedAtMs;
  }

  /** 1 once the last holder released it; more for a frame freed twice. */
  get freed(): number {
    return this.#freed;
  }

  get holders(): number {
    return this.#holders;
  }

  retain(): void {
    if (this.#freed > 0) throw new Error(`frame ${this.seq} was retained after it was freed`);
    this.#holders++;
  }

  release(): void {
    if (this.#holders === 0) throw new Error(`frame ${this.seq} was released too often`);
    if (--this.#holders === 0) this.#freed++;
  }
}
