/** Cancels a timer; harmless when called twice or too late. */
export type Cancel = () => void;

declare const clockKind: unique symbol;

/**
 * An instant of this thread's steady clock, in milliseconds: for ages, intervals and rates. The
 * difference of two is a plain number of milliseconds. It means nothing in another thread, whose clock
 * has another origin: send an age (`age.ts`) or a {@link WallMs} instead.
 */
export type SteadyMs = number & { readonly [clockKind]: "steady" };

/**
 * An instant of the wall clock: for displayed timestamps. At run time it is the number of
 * milliseconds since the Unix epoch. To the compiler it is no number, so that it can be neither
 * subtracted from nor compared with a {@link SteadyMs}, nor passed as a duration.
 */
export interface WallMs {
  readonly [clockKind]: "wall";
}

/** Brands milliseconds since a clock's origin as an instant: for implementations of {@link Clock}. */
export function steadyMs(ms: number): SteadyMs {
  return ms as SteadyMs;
}

/** The origin of every steady clock. */
export const CLOCK_START: SteadyMs = steadyMs(0);

/** Brands an external time, in milliseconds since the Unix epoch. */
export function wallMs(sinceEpochMs: number): WallMs {
  return sinceEpochMs as number & WallMs;
}

/** Milliseconds since the Unix epoch, for external formats. */
export function epochMs(at: WallMs): number {
  return at as number & WallMs;
}

/** The instant `ms` after another of the same clock; before it, when `ms` is negative. */
export function plusMs(at: SteadyMs, ms: number): SteadyMs;
export function plusMs(at: WallMs, ms: number): WallMs;
export function plusMs(at: SteadyMs | WallMs, ms: number): SteadyMs | WallMs {
  return steadyMs(Number(at) + ms);
}

/** Milliseconds from an instant to a later one of the same clock; negative when it is an earlier one. */
export function sinceMs(earlier: SteadyMs, later: SteadyMs): number;
export function sinceMs(earlier: WallMs, later: WallMs): number;
export function sinceMs(earlier: SteadyMs | WallMs, later: SteadyMs | WallMs): number {
  return Number(later) - Number(earlier);
}

/** The later one of two instants. */
export function latestMs(one: SteadyMs, other: SteadyMs): SteadyMs {
  return one > other ? one : other;
}

/** The source of time; injected, so that tests can control it. */
export interface Clock {
  /** The steady clock, which never goes back. */
  nowMs(): SteadyMs;
  /** The wall clock, which may step. */
  wallMs(): WallMs;
  /** Calls `run` once, `delayMs` from now. */
  after(delayMs: number, run: () => void): Cancel;
  /** Resolves `delayMs` from now, or rejects with the signal's reason when aborted before. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  nowMs: () => steadyMs(performance.now()),
  wallMs: () => wallMs(Date.now()),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** Implements `sleep` by `after`, for any clock. */
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
export function isoTime(at: WallMs): string {
  return new Date(epochMs(at)).toISOString();
}
