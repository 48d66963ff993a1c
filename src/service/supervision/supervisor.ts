import type { Cancel, Clock } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { type AbandonedThreads, MAX_ABANDONED_PER_PLACE } from "./abandoned_threads.ts";
import { RestartBudget } from "./restart_budget.ts";

/** Between the attempts to fill a place that is parked. */
export const PARKED_RETRY_MS = 5 * 60_000;

/** A place whose thread can be replaced while the rest goes on. */
export interface Replaceable {
  readonly name: string;
  /** Lets go of the old thread, busy or not. */
  abandon(): void;
  /** Begins a new one. */
  start(): void;
  /**
   * The place stays empty for a while: says so wherever it is looked at. null where there is no service
   * without it.
   */
  readonly park: ((error: ErrorData) => void) | null;
}

/** What a {@link Supervisor} works with. */
export interface SupervisorParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly maxRestarts: number;
  readonly random: () => number;
  readonly threads: AbandonedThreads;
  /** {@link PARKED_RETRY_MS} */
  readonly parkedRetryMs: number;
  /** Told once, when a worker that there is no service without failed more often than it may. */
  readonly onSpent: (name: string) => void;
}

/**
 * Replaces what failed, within a budget. When that is spent the place is parked: it stays empty but for
 * one attempt every {@link PARKED_RETRY_MS}, and the others go on. Where two threads of a place hang
 * no third one follows before one of them has ended.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #budgets = new Map<string, RestartBudget>();
  readonly #pending = new Map<string, Cancel>();
  /** Places that were parked and have not worked since. */
  readonly #parked = new Set<string>();
  #ended = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  /** A worker failed or went silent: replaces it now or a little later. Told twice, it acts once. */
  replace(target: Replaceable, error: ErrorData): void {
    const { name } = target;
    if (this.#ended || this.#pending.has(name)) return;
    target.abandon();
    const budget = this.#budget(name);
    const delayMs = budget.spend();
    if (delayMs !== null) {
      this.#parts.log.error("worker.restart_scheduled", {
        worker: name,
        inMs: Math.round(delayMs),
        ...error,
      });
      return this.#later(target, delayMs, error);
    }
    const { maxRestarts, parkedRetryMs } = this.#parts;
    const why = `it failed more than ${maxRestarts} times within ten minutes`;
    const then = `It is tried every ${parkedRetryMs / 1000} s.`;
    if (this.#park(target, error, { why, then })) this.#later(target, parkedRetryMs, error);
  }

  /** A worker does what it is there for: if it was parked it is no more. */
  works(name: string): void {
    if (!this.#parked.delete(name)) return;
    this.#parts.log.warning("worker.resumed", { worker: name });
  }

  /** Replaces nothing any more. */
  end(): void {
    this.#ended = true;
    for (const cancel of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #later(target: Replaceable, delayMs: number, error: ErrorData): void {
    const cancel = this.#parts.clock.after(delayMs, () => this.#begin(target, error));
    this.#pending.set(target.name, cancel);
  }

  #begin(target: Replaceable, error: ErrorData): void {
    const { name } = target;
    const { threads } = this.#parts;
    const hanging = threads.of(name);
    if (hanging < MAX_ABANDONED_PER_PLACE) {
      this.#pending.delete(name);
      this.#budget(name).began();
      return target.start();
    }
    const why = `${hanging} of its threads hang`;
    const then = "It is tried again when one of them has ended.";
    if (!this.#park(target, error, { why, then })) return;
    this.#pending.set(name, threads.onEnded(name, () => this.#begin(target, error)));
  }

  /** @returns whether the service goes on without it */
  #park(target: Replaceable, error: ErrorData, how: { why: string; then: string }): boolean {
    const { name, park } = target;
    const { log, onSpent } = this.#parts;
    if (park === null) {
      this.end();
      log.error("worker.gave_up", {
        worker: name,
        ...error,
        message: `worker "${name}" is given up: ${how.why}; ${error.message}`,
      });
      onSpent(name);
      return false;
    }
    const parked: ErrorData = {
      code: "WORKER_PARKED",
      message: `worker "${name}" is parked: ${how.why}; ${error.message}`,
      retryable: true,
      remedy: `${how.then} ${error.remedy}`,
    };
    this.#parked.add(name);
    log.error("worker.parked", { worker: name, ...parked, cause: error.code });
    park(parked);
    return true;
  }

  #budget(name: string): RestartBudget {
    let budget = this.#budgets.get(name);
    if (budget === undefined) {
      budget = new RestartBudget(this.#parts);
      this.#budgets.set(name, budget);
    }
    return budget;
  }
}
