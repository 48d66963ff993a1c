/** How long to wait between attempts. */
export interface BackoffPlan {
  /** The upper end of the first wait. */
  readonly baseMs: number;
  /** The upper end of every wait. */
  readonly capMs: number;
  /** No wait is shorter, so that luck does not make a busy loop. */
  readonly floorMs: number;
}

/** From one second to thirty, for as long as it takes. */
export const RECONNECT_BACKOFF: BackoffPlan = { baseMs: 1_000, capMs: 30_000, floorMs: 250 };

/**
 * The wait before the next attempt: full jitter, so that many clients of one server that came back
 * do not arrive at once.
 *
 * Uniform between the floor and `min(capMs, baseMs * 2^failures)`.
 * @param failures attempts that failed in a row before this wait, less one: 0 for the first wait
 * @param random   a number in [0, 1), as of `Math.random`
 */
export function backoffMs(failures: number, random: number, plan = RECONNECT_BACKOFF): number {
  const highestMs = Math.min(plan.capMs, plan.baseMs * 2 ** Math.max(0, failures));
  const lowestMs = Math.min(plan.floorMs, highestMs);
  return lowestMs + random * (highestMs - lowestMs);
}
