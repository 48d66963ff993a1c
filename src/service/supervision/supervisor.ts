import type { Cancel, Clock } from "../../core/clock.ts";
import type { ErrorData } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { type AbandonedThreads, MAX_ABANDONED_PER_WORKER } from "./abandoned_threads.ts";
import type { Child } from "./child.ts";
import { RestartBudget } from "./restart_budget.ts";

/** The interval between restarts of a parked worker. */
export const PARKED_RETRY_MS = 5 * 60_000;

/** What a {@link Supervisor} works with. */
export interface SupervisorParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly maxRestarts: number;
  readonly random: () => number;
  readonly threads: AbandonedThreads;
  /** {@link PARKED_RETRY_MS} */
  readonly parkedRetryMs: number;
  /** Called once, when a worker that cannot be parked has exceeded its restart limit. */
  readonly onGaveUp: (child: Child) => void;
}

/**
 * Replaces failed workers within a restart limit. Beyond it a worker is parked: it gets one restart every
 * {@link PARKED_RETRY_MS}, and all others continue. A worker with two hanging threads gets no third one
 * before one of them has ended.
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #budgets = new Map<Child, RestartBudget>();
  /** Children without a thread, and their next start. */
  readonly #pending = new Map<Child, { readonly cancel: Cancel; readonly start: () => void }>();
  /** Children that were parked and have not worked since. */
  readonly #parked = new Set<Child>();
  /** Children that were removed. */
  readonly #removed = new WeakSet<Child>();
  #stopped = false;

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  /** Abandons a worker that failed or hangs, and schedules its restart unless one is scheduled. */
  replace(child: Child, error: ErrorData): void {
    if (this.#stopped || this.#pending.has(child) || this.#removed.has(child)) return;
    child.abandon();
    const delayMs = this.#budget(child).spend();
    if (delayMs !== null) {
      this.#parts.log.error("worker.restart_scheduled", {
        worker: child.name,
        inMs: Math.round(delayMs),
        ...error,
      });
      return this.#startLater(child, delayMs, error);
    }
    const { maxRestarts, parkedRetryMs } = this.#parts;
    const why = `it failed more than ${maxRestarts} times within ten minutes`;
    const then = `It is started again every ${parkedRetryMs / 1000} s.`;
    if (this.#park(child, error, { why, then })) this.#startLater(child, parkedRetryMs, error);
  }

  /** A worker did its work: ends its time as a parked one. */
  resumed(child: Child): void {
    if (!this.#parked.delete(child)) return;
    this.#parts.log.warning("worker.resumed", { worker: child.name });
  }

  /** A child has other settings: its next start need not wait. */
  retry(child: Child): void {
    const pending = this.#pending.get(child);
    pending?.cancel();
    pending?.start();
  }

  /** The configuration does not have a child any more: it is not replaced from now on. */
  remove(child: Child): void {
    this.#removed.add(child);
    this.#pending.get(child)?.cancel();
    this.#pending.delete(child);
    this.#parked.delete(child);
    this.#budgets.delete(child);
  }

  /** Cancels all scheduled restarts; from now on nothing is replaced. */
  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#pending.values()) cancel();
    this.#pending.clear();
  }

  #startLater(child: Child, delayMs: number, error: ErrorData): void {
    const start = () => this.#start(child, error);
    this.#pending.set(child, { cancel: this.#parts.clock.after(delayMs, start), start });
  }

  #start(child: Child, error: ErrorData): void {
    const { threads } = this.#parts;
    const hanging = threads.of(child.name);
    if (hanging < MAX_ABANDONED_PER_WORKER) {
      this.#pending.delete(child);
      this.#budget(child).started();
      return child.start();
    }
    const why = `${hanging} of its threads hang`;
    const then = "It is tried again when one of them has ended.";
    if (!this.#park(child, error, { why, then })) return;
    const start = () => this.#start(child, error);
    this.#pending.set(child, { cancel: threads.onEnded(child.name, start), start });
  }

  /** @returns whether the service continues without it */
  #park(child: Child, error: ErrorData, how: { why: string; then: string }): boolean {
    const { name } = child;
    const { log, onGaveUp } = this.#parts;
    if (child.park === null) {
      this.stop();
      log.error("worker.gave_up", {
        worker: name,
        ...error,
        message: `worker "${name}" is given up: ${how.why}; ${error.message}`,
      });
      onGaveUp(child);
      return false;
    }
    const parked: ErrorData = {
      code: "WORKER_PARKED",
      message: `worker "${name}" is parked: ${how.why}; ${error.message}`,
      retryable: true,
      remedy: `${how.then} ${error.remedy}`,
    };
    this.#parked.add(child);
    log.error("worker.parked", { worker: name, ...parked, cause: error.code });
    child.park(parked);
    return true;
  }

  #budget(child: Child): RestartBudget {
    let budget = this.#budgets.get(child);
    if (budget === undefined) {
      budget = new RestartBudget(this.#parts);
      this.#budgets.set(child, budget);
    }
    return budget;
  }
}
