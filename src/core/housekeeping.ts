import type { Cancel, Clock } from "./clock.ts";

/** The interval between garbage collections. */
export const COLLECT_EVERY_MS = 20_000;

/**
 * Collects this thread's garbage periodically, where the runtime exposes it (`--expose-gc`).
 *
 * In a thread that allocates little, V8 may not collect old objects for hours, and each of Orion's threads
 * grows by megabytes in the meantime. On a small machine other programs need that memory. A collection of
 * such a small heap takes a few milliseconds.
 */
export function collectPeriodically(
  clock: Clock,
  collect: (() => void) | null = collector(),
): Cancel {
  if (collect === null) return () => undefined;
  let cancel: Cancel = () => undefined;
  const next = () => {
    cancel = clock.after(COLLECT_EVERY_MS, () => {
      collect();
      next();
    });
  };
  next();
  return () => cancel();
}

/** V8's own collector, or null where it is not exposed. */
function collector(): (() => void) | null {
  const scope: object = globalThis;
  if (!("gc" in scope) || typeof scope.gc !== "function") return null;
  const { gc } = scope;
  return () => void gc();
}
