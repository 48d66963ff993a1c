import { Backoff } from "../../core/backoff.ts";
import { type Clock, sinceMs, type SteadyMs } from "../../core/clock.ts";

/** The period in which restarts are counted. */
export const RESTART_WINDOW_MS = 10 * 60_000;

/** The second restart of a worker waits this long, the further ones longer; the first does not wait. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * The restart intensity of one worker: how many restarts it may have within {@link RESTART_WINDOW_MS}, and
 * the delay before each. Once exhausted it stays so until a thread has lasted for the whole window: the
 * occasional retries of a parked worker earn no new budget by failing slowly.
 */
export class RestartBudget {
  readonly #clock: Clock;
  readonly #maxRestarts: number;
  readonly #backoff: Backoff;
  #restartedAtMs: SteadyMs[] = [];
  #isExhausted = false;
  /** When the present or most recent thread started. */
  #startedAtMs: SteadyMs | null = null;

  /** @param parts.maxRestarts  within {@link RESTART_WINDOW_MS} */
  constructor(parts: { clock: Clock; maxRestarts: number; random: () => number }) {
    this.#clock = parts.clock;
    this.#maxRestarts = parts.maxRestarts;
    this.#backoff = new Backoff({
      firstMs: FIRST_DELAY_MS,
      maxMs: MAX_DELAY_MS,
      random: parts.random,
    });
  }

  /** Records the start of a thread. */
  started(): void {
    this.#startedAtMs = this.#clock.nowMs();
  }

  /**
   * Spends one restart.
   * @returns the delay before it in milliseconds, 0 for the first of a window; null when exhausted
   */
  spend(): number | null {
    const nowMs = this.#clock.nowMs();
    const lastedMs = this.#startedAtMs === null ? Infinity : sinceMs(this.#startedAtMs, nowMs);
    if (this.#isExhausted && lastedMs < RESTART_WINDOW_MS) return null;
    this.#restartedAtMs = this.#restartedAtMs.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS);
    this.#isExhausted = this.#restartedAtMs.length >= this.#maxRestarts;
    if (this.#isExhausted) return null;
    if (this.#restartedAtMs.length === 0) this.#backoff.reset();
    const delayMs = this.#restartedAtMs.length === 0 ? 0 : this.#backoff.nextMs();
    this.#restartedAtMs.push(nowMs);
    return delayMs;
  }
}
