import type { Cancel, Clock } from "../core/clock.ts";
import type { ErrorData } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { RestartBudget } from "./restart_budget.ts";

/** Something that can be replaced while the rest goes on. */
export interface Replaceable {
  readonly name: string;
  /** Lets go of the old thread, busy or not. */
  abandon(): void;
  /** Begins a new one. */
  start(): void;
}

/** Replaces what failed, within a budget; when that is spent, gives up on the whole process. */
export class Supervisor {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #maxRestarts: number;
  readonly #random: () => number;
  readonly #budgets = new Map<string, RestartBudget>();
  readonly #pending = new Map<string, Cancel>();
  readonly #onSpent: (name: string) => void;
  #ended = false;

  /** @param parts.onSpent  told once, when a worker failed more often than it may */
  constructor(parts: {
    clock: Clock;
    log: Log;
    maxRestarts: number;
    random: () => number;
    onSpent: (name: string) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#maxRestarts = parts.maxRestarts;
    this.#random = parts.random;
    this.#onSpent = parts.onSpent;
  }

  /** A worker failed or went silent: replaces it now or a little later. Told twice, it acts once. */
  replace(target: Replaceable, error: ErrorData): void {
    const { name } = target;
    if (this.#ended || this.#pending.has(name)) return;
    target.abandon();
    const delayMs = this.#budget(name).spend();
    if (delayMs === null) {
      this.#ended = true;
      this.#log.error("worker.given-up", {
        worker: name,
        ...error,
        remedy:
          `It failed more than ${this.#maxRestarts} times within ten minutes. ${error.remedy}`,
      });
      this.#onSpent(name);
      return;
    }
    this.#log.error("worker.restart", { worker: name, inMs: Math.round(delayMs), ...error });
    const cancel = this.#clock.after(delayMs, () => {
      this.#pending.delete(name);
      target.start();
    });
    this.#pending.set(name, cancel);
  }

  /** Replaces nothing any more. */
  end(): void {
    this.#ended = true;
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #budget(name: string): RestartBudget {
    let budget = this.#budgets.get(name);
    if (budget === undefined) {
      budget = new RestartBudget({
        clock: this.#clock,
        maxRestarts: this.#maxRestarts,
        random: this.#random,
      });
      this.#budgets.set(name, budget);
    }
    return budget;
  }
}
