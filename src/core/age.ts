import { type Clock, plusMs, sinceMs, type SteadyMs, type WallMs } from "./clock.ts";

/**
 * A message that travelled for longer, by the wall clock, did not: the clock was stepped meanwhile. A
 * thread that leaves its messages waiting for so long is near to being replaced.
 */
export const MAX_TRAVEL_MS = 10_000;

/**
 * How long ago something was, on its way from one thread to another. Their steady clocks began at
 * different moments, so an instant cannot be sent; a duration can.
 */
export interface Age {
  /** When the message was sent. */
  readonly ms: number;
  /** The wall clock then: the one clock that both threads read. */
  readonly sentAt: WallMs;
}

/** The age of what was at `at`, for a message that is sent now. */
export function ageOf(at: SteadyMs, clock: Clock): Age {
  return { ms: sinceMs(at, clock.nowMs()), sentAt: clock.wallMs() };
}

/**
 * The instant, on the receiving thread's own steady clock, of what a message gives the age of; for a
 * message that is received now.
 *
 * How long the message travelled, and waited for a busy thread, is what the wall clock says. Where the
 * clock was stepped in that moment it says nothing, and the message counts as not having travelled.
 */
export function instantOf({ ms, sentAt }: Age, clock: Clock): SteadyMs {
  const travelMs = sinceMs(sentAt, clock.wallMs());
  const isPlausible = travelMs >= 0 && travelMs <= MAX_TRAVEL_MS;
  return plusMs(clock.nowMs(), -(ms + (isPlausible ? travelMs : 0)));
}
