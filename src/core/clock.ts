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
  // `Date.now()` is whole milliseconds: each thread that an age passes would add one to its error.
  wallMs: () => wallMs(Number(Temporal.Now.instant().epochNanoseconds) / 1e6),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
};

/** The most that two clocks are read apart, and how often that is tried on a thread that is preempted. */
const MAX_APART_MS = 0.1;
const MAX_TRIES = 5;

/** One moment, by both clocks. */
export interface Moment {
  readonly steady: SteadyMs;
  readonly wall: WallMs;
}

/** Reads both clocks; again where the thread was preempted between them, which may take 30 ms. */
export function bothClocks(clock: Clock): Moment {
  let before = clock.nowMs();
  for (let tries = 1;; tries++) {
    const wall = clock.wallMs();
    const after = clock.nowMs();
    const apartMs = sinceMs(before, after);
    if (apartMs <= MAX_APART_MS || tries === MAX_TRIES) {
      return { steady: plusMs(before, apartMs / 2), wall };
    }
    before = after;
  }
}

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
