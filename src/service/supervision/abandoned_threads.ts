import type { Cancel, Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** A thread hangs when it has not ended this long after its termination. */
export const ABANDONED_AFTER_MS = 2000;

/** With this many hanging threads a worker gets no new one until one of them has ended. */
export const MAX_ABANDONED_PER_WORKER = 2;

/**
 * Limit of hanging threads in the whole process. Each may keep a core busy and holds the memory of a
 * decoder or a model, and only the end of the process releases that. One or two workers with
 * {@link MAX_ABANDONED_PER_WORKER} each point to their cameras or models and leave the others alone;
 * this many point to the machine or a library, and endanger the rest.
 */
export const MAX_ABANDONED_THREADS = 8;

/**
 * Counts terminated threads that have not ended: they are in JavaScript or in a native call that does not
 * return, and cannot be ended from within the process.
 */
export class AbandonedThreads {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limit: number;
  readonly #onLimit: (count: number) => void;
  readonly #byWorker = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #count = 0;

  /**
   * @param parts.limit    {@link MAX_ABANDONED_THREADS}
   * @param parts.onLimit  called when that many threads hang
   */
  constructor(parts: {
    clock: Clock;
    log: Log;
    limit: number;
    onLimit: (count: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#limit = parts.limit;
    this.#onLimit = parts.onLimit;
  }

  /** The number of threads that have not ended {@link ABANDONED_AFTER_MS} after their termination. */
  get count(): number {
    return this.#count;
  }

  /** The number of terminated threads of a worker that have not ended, including the most recent. */
  of(worker: string): number {
    return this.#byWorker.get(worker) ?? 0;
  }

  /**
   * Adds a thread that was just terminated.
   * @param ended  settles when it has ended
   */
  add(worker: string, ended: Promise<void>): void {
    this.#byWorker.set(worker, this.of(worker) + 1);
    let hangs = false;
    const cancel = this.#clock.after(ABANDONED_AFTER_MS, () => {
      hangs = true;
      this.#count++;
      this.#log.error("thread.abandoned", {
        worker,
        abandoned: this.#count,
        remedy: "It hangs and keeps its memory until Orion ends; check its camera or model.",
      });
      if (this.#count >= this.#limit) this.#onLimit(this.#count);
    });
    void ended.then(() => {
      cancel();
      if (hangs) {
        this.#count--;
        this.#log.info("thread.ended", { worker, abandoned: this.#count });
      }
      this.#ended(worker);
    });
  }

  /** Calls back once, when the next thread of this worker has ended. */
  onEnded(worker: string, run: () => void): Cancel {
    const waiting = this.#waiting.get(worker) ?? [];
    this.#waiting.set(worker, [...waiting, run]);
    return () => {
      const others = this.#waiting.get(worker)?.filter((each) => each !== run) ?? [];
      this.#waiting.set(worker, others);
    };
  }

  #ended(worker: string): void {
    const remaining = this.of(worker) - 1;
    if (remaining > 0) this.#byWorker.set(worker, remaining);
    else this.#byWorker.delete(worker);
    const waiting = this.#waiting.get(worker) ?? [];
    this.#waiting.delete(worker);
    for (const run of waiting) run();
  }
}
