import { LifecycleError } from "./errors.ts";

/** Ends a `switch` over a union: a tag added later does not compile until it is handled. */
export function assertNever(value: never): never {
  throw new LifecycleError(`unexpected value: ${JSON.stringify(value)}`);
}

/** States what must be true here. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new LifecycleError(what);
}

/**
 * A transferred ArrayBuffer fails silently (length 0, `undefined` elements), so every place where a
 * buffer changes hands says that it is still there.
 */
export function assertAttached(buffer: ArrayBuffer, where: string): void {
  if (buffer.detached) throw new LifecycleError(`${where}: the buffer was transferred away`);
}
