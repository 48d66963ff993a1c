import { errorData, OrionError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Redactor } from "../core/redact.ts";
import { grantRemedy } from "../core/missing_grant.ts";
import { ConfigError } from "../config/problems.ts";
import { missingText, PermissionsError } from "../permissions/missing.ts";

/**
 * Formats what was thrown for the terminal: the message, and below it the remedy. Each problem of a
 * configuration is listed with its location. A stack is added for a defect only, when `withStack` is set.
 */
export function failureText(error: unknown, redactor: Redactor, withStack = false): string {
  return redactor.text(describe(error, withStack));
}

/** Logs what was thrown, where standard error holds events alone: each problem of a configuration first. */
export function logFailure(log: Log, error: unknown, withStack = false): void {
  if (error instanceof ConfigError) {
    const { file } = error;
    for (const problem of error.problems) log.error("config.problem_found", { file, ...problem });
  }
  const { code, message, remedy } = errorData(error);
  const stack = withStack ? stackOf(error) : null;
  log.error("service.failed", { code, message, remedy, ...stack === null ? {} : { stack } });
}

/** The stack of a defect; null for an error that is none. */
function stackOf(error: unknown): string | null {
  return error instanceof Error && !(error instanceof OrionError) ? error.stack ?? null : null;
}

function describe(error: unknown, withStack: boolean): string {
  if (error instanceof ConfigError) {
    return error.problems.map((problem) => {
      const line = problem.line === undefined ? "" : `:${problem.line}`;
      const place = error.file === null ? "" : `${error.file}${line}: `;
      const path = problem.path === "" ? "" : `${problem.path}: `;
      return lines(`${place}${path}${problem.message}`, problem.remedy);
    }).join("");
  }
  if (error instanceof PermissionsError) {
    return error.missing.map((one) => lines(missingText(one), grantRemedy(one.kind, one.values)))
      .join("");
  }
  const { message, remedy } = errorData(error);
  const stack = withStack ? stackOf(error) : null;
  return lines(message, remedy) + (stack === null ? "" : `${stack}\n`);
}

function lines(message: string, remedy: string): string {
  return `error: ${message}\n  → ${remedy}\n`;
}
