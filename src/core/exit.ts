import { OrionError } from "./errors.ts";

/** Exit codes of the process. */
export const EXIT = {
  /** Done as asked. */
  done: 0,
  /** Failed at run time. */
  failed: 1,
  /** Bad usage or configuration. */
  usage: 2,
  /**
   * What there is no service without failed too often, or too many threads hang: a service manager should
   * start it again.
   */
  gaveUp: 70,
} as const;

/** Codes that mean bad usage or configuration. */
const USAGE_CODES = new Set(["USAGE", "CONFIG"]);

/**
 * The exit code for what ended a command. A model that cannot be used is a mistake in the
 * configuration, on whichever thread it was found.
 */
export function exitCode(error: unknown): number {
  if (!(error instanceof OrionError)) return EXIT.failed;
  const badModel = error.code.startsWith("MODEL_") && !error.retryable;
  return USAGE_CODES.has(error.code) || badModel ? EXIT.usage : EXIT.failed;
}
