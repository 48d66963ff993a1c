import { type Clock, plusMs, type SteadyMs } from "../../core/clock.ts";

/** The stages of a shutdown, in order, and by which part of the whole time each must have ended. */
export const SHUTDOWN_STAGES = { workers: 0.4, streams: 0.6, tasks: 0.7, mqtt: 0.95 } as const;
export type ShutdownStage = keyof typeof SHUTDOWN_STAGES;

/** ShutdownDeadlines that share one budget: a stage that ends early leaves its time to those after it. */
export class ShutdownDeadlines implements Disposable {
  readonly #clock: Clock;
  readonly #startedAtMs: SteadyMs;
  readonly #budgetMs: number;
  readonly #cancels: (() => void)[] = [];

  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#startedAtMs = clock.nowMs();
    this.#budgetMs = budgetMs;
  }

  /** Settles when the stage's time is over. */
  of(stage: ShutdownStage): Promise<void> {
    const endsAtMs = plusMs(this.#startedAtMs, this.#budgetMs * SHUTDOWN_STAGES[stage]);
    return new Promise((resolve) => {
      const leftMs = Math.max(0, endsAtMs - this.#clock.nowMs());
      this.#cancels.push(this.#clock.after(leftMs, resolve));
    });
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
