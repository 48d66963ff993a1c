import { LifecycleError } from "./errors.ts";

/** Ends an exhaustive `switch` over a union: an unhandled tag does not compile. */
export function assertNever(value: never): never {
  throw new LifecycleError(`unexpected value: ${JSON.stringify(value)}`);
}

/** Throws unless a condition holds. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new LifecycleError(what);
}

/**
 * Throws when a buffer was transferred. Access to such a buffer fails silently (length 0, `undefined`
 * elements), so this is asserted wherever a buffer changes hands.
 */
export function assertAttached(buffer: ArrayBuffer, where: string): void {
  if (buffer.detached) throw new LifecycleError(`${where}: the buffer was transferred away`);
}
