/** Why another configuration is refused. */
import { type ErrorData, OrionError } from "../../core/errors.ts";
import { grantRemedy } from "../../core/missing_grant.ts";
import { type MissingPermission, missingText } from "../../permissions/missing.ts";

const REFUSED = "Cannot apply the configuration while Orion runs";

/** Without a file there is nothing to read again. */
export const NO_FILE: ErrorData = {
  code: "RELOAD_NO_FILE",
  message: "Cannot read the configuration again: Orion was started without a file",
  retryable: false,
  remedy: "Write a configuration, and start Orion with --config.",
};

export const SHUTTING_DOWN: ErrorData = {
  code: "RELOAD_STOPPED",
  message: "Cannot read the configuration again: Orion is shutting down",
  retryable: false,
  remedy: "Nothing to do: the next start reads it.",
};

/** @param keys  that cannot change while Orion runs */
export function needsRestart(keys: readonly string[]): OrionError {
  return new OrionError({
    code: "RELOAD_NEEDS_RESTART",
    message: `${REFUSED}: ${keys.join(", ")} ${keys.length === 1 ? "was" : "were"} changed`,
    retryable: false,
    remedy: "Restart Orion: a start applies all of it.",
    problems: keys.map((path) => ({
      path,
      message: "was changed, and applies at the next start alone",
      remedy: "Restart Orion, or change it back.",
    })),
  });
}

export function notGranted(missing: readonly MissingPermission[]): OrionError {
  return new OrionError({
    code: "PERMISSIONS",
    message: `${REFUSED}: ${missing.map(missingText).join("; ")}`,
    retryable: false,
    remedy: "Restart Orion: a start through scripts/orion.sh, or as a service, gets what it needs.",
    problems: missing.map((one) => ({
      path: one.key ?? "",
      message: missingText(one),
      remedy: `Restart Orion. ${grantRemedy(one.kind, one.values)}`,
    })),
  });
}
