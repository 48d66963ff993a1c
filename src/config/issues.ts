import type { z } from "zod";
import { nearestName, suggestName } from "../core/nearest.ts";
import { remedyOf } from "../core/schema_parts.ts";
import type { ConfigPath, ConfigProblem } from "./problems.ts";

/** A problem with its path, which determines its line. */
export interface FoundProblem extends Omit<ConfigProblem, "path" | "line"> {
  readonly at: ConfigPath;
}

/** Keys whose values are never quoted. */
const NEVER_QUOTED = new Set(["url", "password", "token", "username"]);

/** Keys whose values may look like a number. */
const TEXTS = new Set<unknown>(["id", "instance", "username", "password", "token"]);

const MAX_QUOTED_LENGTH = 60;

/**
 * Converts the issues of the schema to problems, one per cause.
 *
 * @param quotable  whether the value at a path may be quoted (it does not come from the environment)
 */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  value: unknown,
  quotable: (at: ConfigPath) => boolean,
): FoundProblem[] {
  return issues.flatMap((issue): FoundProblem[] => {
    const at = configPath(issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => unknownKey(at, key, knownKeys(issue), value));
      case "invalid_union":
        return unionProblems(issue, at, value, quotable);
      case "custom":
        return [{ at, message: issue.message, remedy: remedyOf(issue.params) ?? "Correct it." }];
      case "invalid_value":
        return [{
          at,
          message: found(lookUp(value, at), quotable(at) && !isSecret(at)),
          remedy: `${suggestion(lookUp(value, at), issue.values)}Write ${issue.message}.`,
        }];
      default:
        return [{
          at,
          message: found(lookUp(value, at), quotable(at) && !isSecret(at)),
          remedy: `${quoting(at, lookUp(value, at))}Write ${issue.message}.`,
        }];
    }
  });
}

/** The value at a path of plain data, or undefined. */
export function lookUp(value: unknown, at: ConfigPath): unknown {
  let part = value;
  for (const key of at) {
    if (part === null || typeof part !== "object") return undefined;
    part = Reflect.get(part, key);
  }
  return part;
}

/** The first `max` items of a list, which may be none; that there are more is a problem of its own. */
export function items(value: unknown, max = Infinity): readonly unknown[] {
  return Array.isArray(value) ? value.slice(0, max) : [];
}

/**
 * Reports an unknown key. One without a value or within a secret, and near no known one, is not quoted: it
 * may be the rest of a password with a comma, as in `{ password: one,two }`, or all of it.
 */
function unknownKey(
  parent: ConfigPath,
  key: string,
  known: readonly string[],
  value: unknown,
): FoundProblem {
  const at = [...parent, key];
  if ((lookUp(value, at) === null || isSecret(parent)) && nearestName(key, known) === null) {
    return {
      at: parent,
      message: "holds a word that is not a key here",
      remedy: "Quote values that hold a comma or a brace, and remove what is not a key.",
    };
  }
  return { at, message: `"${clip(key)}" is not a key here`, remedy: suggestName(key, known) };
}

/**
 * Reports a mismatch of a union of a plain value and an object. When an object was written, the issues
 * within it are more specific than the mismatch.
 */
function unionProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  at: ConfigPath,
  value: unknown,
  quotable: (at: ConfigPath) => boolean,
): FoundProblem[] {
  const written = lookUp(value, at);
  if (written !== null && typeof written === "object" && !Array.isArray(written)) {
    const inside = issue.errors.find((errors) =>
      errors.every((error) => error.code !== "invalid_type" || error.path.length > 0) &&
      errors.every((error) => error.code !== "invalid_value" || error.path.length > 0)
    );
    if (inside !== undefined) {
      const moved = inside.map((error) => ({ ...error, path: [...issue.path, ...error.path] }));
      return problemsOf(moved, value, quotable);
    }
  }
  return [{
    at,
    message: found(written, quotable(at) && !isSecret(at)),
    remedy: `${quoting(at, written)}Write ${issue.message}.`,
  }];
}

/** Says what makes a text of a number or of true and false; "" where nothing does. */
function quoting(at: ConfigPath, written: unknown): string {
  const isRead = typeof written === "number" || typeof written === "boolean";
  return isRead && TEXTS.has(at.at(-1)) ? `Quote it: YAML reads it as a ${typeof written}. ` : "";
}

/** Suggests the nearest known word; "" when none is near. */
function suggestion(written: unknown, known: readonly unknown[]): string {
  if (typeof written !== "string") return "";
  const nearest = nearestName(written, known.filter((word) => typeof word === "string"));
  return nearest === null ? "" : `Did you mean "${nearest}"? `;
}

/** Reads the known keys of an object from the message of its issue: see `object` in `schema_parts.ts`. */
function knownKeys(issue: z.core.$ZodIssueUnrecognizedKeys): string[] {
  return issue.message.split(", ");
}

function found(value: unknown, quote: boolean): string {
  if (value === undefined) return "is missing";
  if (value === null) return "is empty";
  if (Array.isArray(value)) return `cannot be a list of ${value.length}`;
  if (typeof value === "object") return "cannot hold keys of its own";
  if (!quote) return "is not what is expected here";
  if (value === "") return "is an empty text";
  return `cannot be ${clip(typeof value === "string" ? JSON.stringify(value) : String(value))}`;
}

function isSecret(at: ConfigPath): boolean {
  return at.some((key) => typeof key === "string" && NEVER_QUOTED.has(key));
}

export function clip(text: string): string {
  return text.length <= MAX_QUOTED_LENGTH ? text : `${text.slice(0, MAX_QUOTED_LENGTH)}…`;
}

function configPath(path: readonly PropertyKey[]): ConfigPath {
  return path.filter((key) => typeof key === "string" || typeof key === "number");
}
