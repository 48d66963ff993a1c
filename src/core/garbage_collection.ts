import type { Cancel, Clock } from "./clock.ts";

/** Interval of collections. */
export const COLLECT_EVERY_MS = 60_000;

/**
 * Collects this thread's garbage periodically, where the runtime exposes the collector (`--expose-gc`).
 *
 * In a thread that allocates little, V8 may not collect old objects for hours, and each of Orion's threads
 * grows by megabytes until then, which matters on a small machine. A collection takes up to 30 ms of
 * processor time, half of it on V8's own threads. The first one comes after half an interval to a whole
 * one, so that threads that start together do not collect together: a frame that is inferred meanwhile
 * would wait for all of them.
 */
export function collectPeriodically(
  clock: Clock,
  collect: (() => void) | null = collector(),
  random: () => number = Math.random,
): Cancel {
  if (collect === null) return () => undefined;
  let cancel: Cancel = () => undefined;
  const next = (delayMs: number) => {
    cancel = clock.after(delayMs, () => {
      collect();
      next(COLLECT_EVERY_MS);
    });
  };
  next(COLLECT_EVERY_MS * (1 + random()) / 2);
  return () => cancel();
}

/** V8's collector, or null where it is not exposed. */
function collector(): (() => void) | null {
  const scope: object = globalThis;
  if (!("gc" in scope) || typeof scope.gc !== "function") return null;
  const { gc } = scope;
  return () => void gc();
}
