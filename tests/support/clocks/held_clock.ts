/** A clock that stands still until a test moves it. */
import {
  type Cancel,
  type Clock,
  sleepOn,
  type SteadyMs,
  steadyMs,
  type WallMs,
  wallMs,
} from "../../../src/core/clock.ts";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

/** Time that passes only in {@link HeldClock.pass}. */
export class HeldClock implements Clock {
  #nowMs: number;
  #steppedMs = 0;
  #timers: Timer[] = [];

  constructor(startMs = 1_795_345_361_640) {
    this.#nowMs = startMs;
  }

  nowMs(): SteadyMs {
    return steadyMs(this.#nowMs);
  }

  wallMs(): WallMs {
    return wallMs(this.#nowMs + this.#steppedMs);
  }

  /** Steps the wall clock forward, or back; no steady time passes. */
  stepWall(byMs: number): void {
    this.#steppedMs += byMs;
  }

  after(delayMs: number, run: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal);
  }

  /** Milliseconds until each armed timer, in order. */
  get waitsMs(): number[] {
    return this.#timers.map(({ dueMs }) => dueMs - this.#nowMs).sort((a, b) => a - b);
  }

  /** Advances the time, runs due timers in order, and then all work that they made possible. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.dueMs - b.dueMs)[0];
      if (next === undefined || next.dueMs > untilMs) break;
      this.#nowMs = next.dueMs;
      this.#timers = this.#timers.filter((each) => each !== next);
      next.run();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Runs the reactions of every promise that is settled already. */
export function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    port2.close();
    resolve();
  };
  port2.postMessage(null);
  return promise;
}
