/** Cancels what it was returned for; harmless when called twice or too late. */
export type Cancel = () => void;

declare const clockKind: unique symbol;

/**
 * An instant of this thread's steady clock, in milliseconds: for ages, intervals and rates. It means
 * nothing in another thread and must not be sent there; send an age or a {@link WallMs}.
 */
export type SteadyMs = number & { readonly [clockKind]: "steady" };

/** An instant of the wall clock, in milliseconds since the Unix epoch: for timestamps people read. */
export type WallMs = number & { readonly [clockKind]: "wall" };

/** A number as an instant of the steady clock: the result of arithmetic on others. */
export function steadyMs(ms: number): SteadyMs {
  return ms as SteadyMs;
}

/** A number as an instant of the wall clock: the result of arithmetic, or a time that was sent. */
export function wallMs(ms: number): WallMs {
  return ms as WallMs;
}

/** Time, handed in, so that tests can hold it. All instants are milliseconds since the Unix epoch. */
export interface Clock {
  /**
   * A steady instant: never goes back within a thread, and comparable between threads up to clock
   * steps that fell between their starts. For ages, intervals and rates.
   */
  nowMs(): SteadyMs;
  /** The wall clock, which may step. For timestamps people read. */
  wallMs(): WallMs;
  /** Calls `run` once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Cancel;
  /** Settles `delayMs` from now, or rejects with the signal's reason when that is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => steadyMs(performance.timeOrigin + performance.now()),
  wallMs: () => wallMs(Date.now()),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** `sleep` in terms of `after`, for every clock. */
export function sleepOn(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

/** ISO 8601 in UTC with milliseconds, as every message carries it. */
export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
