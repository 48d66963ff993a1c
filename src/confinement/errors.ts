import { OrionError } from "../core/errors.ts";

/** The kernel cannot confine a thread, or the confinement is out of date. */
export class ConfinementError extends OrionError {
  override readonly name = "ConfinementError";
}

/** `confinement.landlock` is `required`, and the kernel cannot. @param found  what it offers */
export function cannotConfine(found: string): ConfinementError {
  return new ConfinementError({
    code: "CONFINEMENT",
    message: `Cannot confine native code as confinement.landlock: required asks: ${found}`,
    retryable: false,
    remedy:
      "Use Linux 6.7 or newer with Landlock enabled (lsm=landlock,…), permit its system calls " +
      "in the container or unit, or set confinement.landlock to auto.",
  });
}

/** The resolver's files were replaced: the thread may not read the new ones. */
export function staleConfinement(path: string): ConfinementError {
  return new ConfinementError({
    code: "CONFINEMENT_STALE",
    message: `${path} was replaced since this thread was confined, and it may not read the new one`,
    retryable: true,
    remedy: "Nothing to do: a new thread replaces it.",
  });
}
