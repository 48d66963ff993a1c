import { Backoff } from "../../core/backoff.ts";
import { type Clock, sinceMs, type SteadyMs } from "../../core/clock.ts";

/** The time in which restarts are counted. */
export const RESTART_WINDOW_MS = 10 * 60_000;

/** Between restarts of one worker: at once, then ever longer. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 30_000;

/**
 * How often a worker may be replaced, and how long to wait before each time. Once it is spent it stays so
 * until a worker has lasted for the whole window: one that is tried now and then earns no new budget
 * by failing slowly.
 */
export class RestartBudget {
  readonly #clock: Clock;
  readonly #maxRestarts: number;
  readonly #backoff: Backoff;
  #restartedAtMs: SteadyMs[] = [];
  #isSpent = false;
  /** When the worker that there is, or was last, began. */
  #beganAtMs: SteadyMs | null = null;

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

  /** A worker began. */
  began(): void {
    this.#beganAtMs = this.#clock.nowMs();
  }

  /**
   * Asks for one more restart.
   * @returns the milliseconds to wait before it, 0 for the first in a while; null when it is spent
   */
  spend(): number | null {
    const nowMs = this.#clock.nowMs();
    const lastedMs = this.#beganAtMs === null ? Infinity : sinceMs(this.#beganAtMs, nowMs);
    if (this.#isSpent && lastedMs < RESTART_WINDOW_MS) return null;
    this.#restartedAtMs = this.#restartedAtMs.filter((atMs) => nowMs - atMs < RESTART_WINDOW_MS);
    this.#isSpent = this.#restartedAtMs.length >= this.#maxRestarts;
    if (this.#isSpent) return null;
    if (this.#restartedAtMs.length === 0) this.#backoff.reset();
    const delayMs = this.#restartedAtMs.length === 0 ? 0 : this.#backoff.nextMs();
    this.#restartedAtMs.push(nowMs);
    return delayMs;
  }
}
