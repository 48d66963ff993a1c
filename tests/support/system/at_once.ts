/** Runs cases that mostly wait concurrently. */

/**
 * Runs the same function for all items concurrently.
 * @throws after all have ended, the error of the first that failed: none continues into the next test
 */
export async function atOnce<T, R>(
  items: readonly T[],
  run: (item: T) => Promise<R>,
): Promise<R[]> {
  const outcomes = await Promise.allSettled(items.map(run));
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}
