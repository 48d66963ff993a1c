import { type Clock, CLOCK_START, plusMs, sinceMs } from "../core/clock.ts";

/** The kernel adds as much (`timerslack_ns`). */
const SLEEP_MS = 0.05;
/** Time per time slept: a loaded machine may resume the thread only after several milliseconds. */
const LEAST_INTERVAL = 10;

/**
 * Begins a new time slice of the thread, by a very short sleep.
 *
 * While a thread is within its slice (1.4 ms on two processors, Linux 6.18), neither a tick of the timer
 * nor a thread that wakes up preempts it. Later each of them may, and where processors are short it
 * then waits for 10 to 30 ms.
 */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #nextAt = CLOCK_START;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sleeps for 0.1 ms, longer where other threads are due; does nothing if a tenth of the time is used up. */
  renew(): void {
    const startedAt = this.#clock.nowMs();
    if (startedAt < this.#nextAt) return;
    Atomics.wait(this.#never, 0, 0, SLEEP_MS);
    const endedAt = this.#clock.nowMs();
    this.#nextAt = plusMs(startedAt, sinceMs(startedAt, endedAt) * LEAST_INTERVAL);
  }
}
