import type { Cancel, Clock } from "./clock.ts";

/** How often garbage is collected. */
export const COLLECT_EVERY_MS = 20_000;

/**
 * Collects this thread's garbage now and then, where the runtime allows it (`--expose-gc`).
 *
 * A thread that allocates little may go for hours before V8 sees a reason to look at its old objects,
 * and each of Orion's threads then grows by megabytes before anything is given back. On a small box
 * those are somebody else's. A collection of such a small heap takes a few milliseconds.
 */
export function keepHouse(clock: Clock, collect: (() => void) | null = collector()): Cancel {
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
