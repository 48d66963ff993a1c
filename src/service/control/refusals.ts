/** Why commands are refused. */
import type { ControlCommand } from "../../core/commands.ts";
import { type ErrorData, OrionError } from "../../core/errors.ts";
import { suggestName } from "../../core/nearest.ts";
import { BUSY_CODE } from "./command_cache.ts";

/** Names among which a similar one is searched, which takes long. */
const MAX_SUGGESTED = 100;

export const ID_REUSED: ErrorData = {
  code: "ID_REUSED",
  message: "Cannot carry out the command: another one had its id within the last five minutes",
  retryable: false,
  remedy: "Give each command an id of its own, or none.",
};

export function busy(why: string): ErrorData {
  return {
    code: BUSY_CODE,
    message: `Cannot carry out the command now: ${why}`,
    retryable: true,
    remedy: "Wait for the answers to the commands before it, then send it again.",
  };
}

export function unknown(
  what: "camera" | "detector",
  id: string,
  known: readonly string[],
): OrionError {
  return new OrionError({
    code: what === "camera" ? "CONTROL_UNKNOWN_CAMERA" : "CONTROL_UNKNOWN_DETECTOR",
    message: `Cannot carry out the command: there is no ${what} "${id}"`,
    retryable: false,
    remedy: known.length === 0
      ? `No ${what} is configured.`
      : `Name one of: ${known.slice(0, 16).join(", ")}.`,
  });
}

export function notAllowed(command: ControlCommand["command"]): ErrorData {
  return {
    code: "CONTROL_NOT_ALLOWED",
    message: `Cannot carry out the command: ${command} is switched off`,
    retryable: false,
    remedy: "Add it to control.allow in the configuration, and reload.",
  };
}

export function noPair(camera: string, detector: string): OrionError {
  return new OrionError({
    code: "CONTROL_NO_PAIR",
    message: `Cannot carry out the command: detector "${detector}" does not look at "${camera}"`,
    retryable: false,
    remedy: `Name one of its cameras, or add "${camera}" to the detector's cameras and reload.`,
  });
}

export function noPresence(detector: string): OrionError {
  return new OrionError({
    code: "CONTROL_NO_PRESENCE",
    message: `Cannot carry out the command: detector "${detector}" has presence: false`,
    retryable: false,
    remedy: "Remove presence: false from the detector in the configuration, and reload.",
  });
}

export function unknownClass(name: string, camera: string, known: readonly string[]): OrionError {
  return new OrionError({
    code: "CONTROL_UNKNOWN_CLASS",
    message:
      `Cannot carry out the command: no detector with presence detects "${name}" on "${camera}"`,
    retryable: false,
    remedy: suggestName(name, known.slice(0, MAX_SUGGESTED)),
  });
}
