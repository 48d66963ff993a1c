import { type Clock, plusMs, sinceMs, type SteadyMs } from "../core/clock.ts";

/** The most that the instant of a tick may be in doubt, and that two may differ by. */
const MAX_DOUBT_MS = 0.1;
/** The most that a tick is counted before or after its time: as found, and by an interrupt that is late. */
const MAX_SHIFT_MS = 0.15;
/** On a loaded machine the thread is preempted for some 20 ms at a time. */
const MAX_SEARCH_MS = 100;

/** The timer tick of the kernel, by which it counts times such as `tcpi_last_data_recv`. */
export interface KernelTick {
  /** One of the ticks; the others are whole periods before and after it. */
  readonly at: SteadyMs;
  readonly periodMs: number;
}

/** The arrival of bytes, to a tick: after `from`, and until `to`. */
export interface ReceivedBetween {
  readonly from: SteadyMs;
  readonly to: SteadyMs;
}

/**
 * Queries an age that the kernel counts in ticks until two ticks agree; occupies the thread for one to two
 * periods, and where it is preempted for up to 100 ms.
 *
 * A thread is preempted at a tick, and resumed at another one: what the age has grown by says how many
 * there were, and so both are known to the time of a query.
 * @param age  milliseconds since something that happened; null if unknown
 * @param periodMs  of the timer
 * @returns null if no two ticks agree
 */
export function findTick(
  age: () => number | null,
  periodMs: number,
  clock: Clock,
): KernelTick | null {
  const seen: SteadyMs[] = [];
  let before = clock.nowMs();
  const startedAt = before;
  let ticksBefore = ticksOf(age(), periodMs);
  while (sinceMs(startedAt, before) < MAX_SEARCH_MS) {
    const ticks = ticksOf(age(), periodMs);
    const at = clock.nowMs();
    if (Number.isNaN(ticks)) return null;
    // The last of them is at most so long ago: all are between the two queries.
    const doubtMs = sinceMs(before, at) - (ticks - ticksBefore - 1) * periodMs;
    if (ticks > ticksBefore && doubtMs <= MAX_DOUBT_MS) {
      if (seen.some((other) => agree(other, at, periodMs))) return { at, periodMs };
      seen.push(at);
    }
    [before, ticksBefore] = [at, ticks];
  }
  return null;
}

/** Whole ticks, of milliseconds that are rounded up: with 300 Hz, two ticks are 7 ms. NaN if unknown. */
function ticksOf(ageMs: number | null, periodMs: number): number {
  return ageMs === null ? NaN : Math.floor(ageMs / periodMs + 0.01);
}

function agree(one: SteadyMs, other: SteadyMs, periodMs: number): boolean {
  const periods = sinceMs(one, other) / periodMs;
  return Math.abs(periods - Math.round(periods)) * periodMs <= MAX_DOUBT_MS;
}

/**
 * When something happened, by its age: as {@link findTick} queries it, between two instants. To one tick;
 * to two, where a tick is so near to the query that it may be counted or not.
 */
export function betweenTicks(
  tick: KernelTick,
  ageMs: number,
  queried: { readonly before: SteadyMs; readonly after: SteadyMs },
): ReceivedBetween {
  const { at, periodMs } = tick;
  const age = ticksOf(ageMs, periodMs);
  const ticksUntil = (instant: SteadyMs) => Math.floor(sinceMs(at, instant) / periodMs) - age;
  return {
    from: plusMs(at, ticksUntil(plusMs(queried.before, -MAX_SHIFT_MS)) * periodMs),
    to: plusMs(at, (ticksUntil(plusMs(queried.after, MAX_SHIFT_MS)) + 1) * periodMs),
  };
}
