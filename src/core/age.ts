import { bothClocks, type Clock, plusMs, sinceMs, type SteadyMs, type WallMs } from "./clock.ts";

/**
 * Bound of a plausible travel time. Above it the wall clock was stepped meanwhile: a thread that reads its
 * messages so late is about to be replaced.
 */
export const MAX_TRAVEL_MS = 10_000;

/**
 * Time since an instant, in a message to another thread. The steady clocks of threads have different
 * origins, so a duration is sent instead of the instant.
 */
export interface Age {
  /** The age when the message was sent. */
  readonly ms: number;
  /** The wall clock at that time, which both threads share. */
  readonly sentAt: WallMs;
}

/** The age of the instant `at`, for a message that is sent now. */
export function ageOf(at: SteadyMs, clock: Clock): Age {
  const { steady, wall } = bothClocks(clock);
  return { ms: sinceMs(at, steady), sentAt: wall };
}

/**
 * Converts the age in a message that is received now to an instant of this thread's steady clock.
 *
 * The travel time, including the wait for a busy thread, is measured by the wall clock. Where that was
 * stepped meanwhile, the travel time counts as zero.
 */
export function instantOf({ ms, sentAt }: Age, clock: Clock): SteadyMs {
  const { steady, wall } = bothClocks(clock);
  const travelMs = sinceMs(sentAt, wall);
  const isPlausible = travelMs >= 0 && travelMs <= MAX_TRAVEL_MS;
  return plusMs(steady, -(ms + (isPlausible ? travelMs : 0)));
}
