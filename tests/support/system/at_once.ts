/** Tests of what there is only to wait for, beside one another. */

/**
 * Does the same for each item at once.
 * @throws when all have ended, what the first of those that failed threw: none goes on into the next test
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
