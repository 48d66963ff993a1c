import type { Clock, SteadyMs } from "../../core/clock.ts";

/** The time limit for a report, after which the last known one is used. */
export const REPORT_TIMEOUT_MS = 1000;

/** The requests to a camera's thread for its report, and whether it answers them. */
export class ReportRequests {
  readonly #clock: Clock;
  /** What settles the request of that number. */
  readonly #pending = new Map<number, () => void>();
  #count = 0;
  #silentSinceMs: SteadyMs | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Since when the thread has left requests unanswered; null while it answers. */
  get silentSinceMs(): SteadyMs | null {
    return this.#silentSinceMs;
  }

  /** Requests a report; settles when it has arrived, or will not in time. */
  async request(post: (request: number) => void): Promise<void> {
    const request = this.#count++;
    const settled = Promise.withResolvers<void>();
    this.#pending.set(request, () => settled.resolve());
    const cancel = this.#clock.after(REPORT_TIMEOUT_MS, () => {
      // Not of a thread that is gone.
      if (this.#pending.has(request)) this.#silentSinceMs ??= this.#clock.nowMs();
      settled.resolve();
    });
    post(request);
    await settled.promise;
    cancel();
    this.#pending.delete(request);
  }

  /** The report of that number has arrived. */
  answered(request: number): void {
    this.#silentSinceMs = null;
    this.#pending.get(request)?.();
  }

  /** The thread is gone: nothing is known of the next one. */
  threadEnded(): void {
    for (const settle of this.#pending.values()) settle();
    this.#pending.clear();
    this.#silentSinceMs = null;
  }
}
