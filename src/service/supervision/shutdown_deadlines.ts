import { type Clock, plusMs, type SteadyMs } from "../../core/clock.ts";

/** The stages of a shutdown in order, each with the share of the total time by which it must end. */
export const SHUTDOWN_STAGES = { workers: 0.4, streams: 0.6, tasks: 0.7, mqtt: 0.95 } as const;
export type ShutdownStage = keyof typeof SHUTDOWN_STAGES;

/** The deadlines of all stages within one budget: a stage that ends early leaves its time to the next. */
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

  /** Settles at the deadline of the stage. */
  of(stage: ShutdownStage): Promise<void> {
    const endsAtMs = plusMs(this.#startedAtMs, this.#budgetMs * SHUTDOWN_STAGES[stage]);
    return new Promise((resolve) => {
      const remainingMs = Math.max(0, endsAtMs - this.#clock.nowMs());
      this.#cancels.push(this.#clock.after(remainingMs, resolve));
    });
  }

  [Symbol.dispose](): void {
    for (const cancel of this.#cancels.splice(0)) cancel();
  }
}
