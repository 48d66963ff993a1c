import { OrionError } from "./errors.ts";

/** Exit codes of the process. */
export const EXIT = {
  /** Success. */
  done: 0,
  /** Failed at run time. */
  failed: 1,
  /** Bad usage or configuration. */
  usage: 2,
  /**
   * A part that the service requires failed too often, or too many threads hang: a service manager should
   * restart it.
   */
  gaveUp: 70,
} as const;

/** Error codes of invalid usage, configuration, permission flags or installation, and of a kernel that cannot confine. */
const USAGE_CODES = new Set([
  "USAGE",
  "CONFIG",
  "PERMISSIONS",
  "UNPACK_PLACE",
  "UNPACK_DAMAGED",
  "CONFINEMENT",
]);

/**
 * Returns the exit code for the error that ended a command. An unusable model is a mistake in the
 * configuration, whichever thread finds it.
 */
export function exitCode(error: unknown): number {
  if (!(error instanceof OrionError)) return EXIT.failed;
  const badModel = error.code.startsWith("MODEL_") && !error.retryable;
  return USAGE_CODES.has(error.code) || badModel ? EXIT.usage : EXIT.failed;
}
