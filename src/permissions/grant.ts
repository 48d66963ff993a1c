import { UsageError } from "../core/errors.ts";
import type { PermissionKind } from "../core/missing_grant.ts";

/** The permissions of one part of Orion; an empty list grants nothing. */
export interface Grant {
  /** Paths; a folder includes everything below it. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** `host:port`. */
  readonly net: readonly string[];
  /** Names of environment variables. */
  readonly env: readonly string[];
  /** Absolute paths of libraries. */
  readonly ffi: readonly string[];
  /** Programs. */
  readonly run: readonly string[];
  readonly sys: readonly string[];
  /** Purpose, in one sentence. */
  readonly why: string;
}

/** The kinds of permission, in display order. */
export const GRANT_KINDS = ["read", "write", "net", "env", "ffi", "run", "sys"] as const;
export type GrantKind = PermissionKind;

/** Creates a grant of the given permissions. */
export function grant(why: string, given: Partial<Record<GrantKind, Iterable<string>>>): Grant {
  const list = (kind: GrantKind) => Object.freeze([...new Set(given[kind] ?? [])].sort());
  return Object.freeze({
    read: withoutCovered(list("read")),
    write: withoutCovered(list("write")),
    net: list("net"),
    env: list("env"),
    ffi: list("ffi"),
    run: list("run"),
    sys: list("sys"),
    why,
  });
}

/** Removes paths that lie below another one. */
function withoutCovered(paths: readonly string[]): readonly string[] {
  return Object.freeze(
    paths.filter((path) => !paths.some((other) => path.startsWith(`${other.replace(/\/$/, "")}/`))),
  );
}

/** Combines the permissions of several parts. */
export function union(why: string, grants: readonly Grant[]): Grant {
  const all = (kind: GrantKind) => grants.flatMap((one) => one[kind]);
  return grant(why, {
    read: all("read"),
    write: all("write"),
    net: all("net"),
    env: all("env"),
    ffi: all("ffi"),
    run: all("run"),
    sys: all("sys"),
  });
}

/** Flags of every start: never prompt, never fetch code, and expose the garbage collector. */
const FIXED_FLAGS = [
  "--no-prompt",
  "--cached-only",
  "--no-remote",
  "--deny-import",
  "--v8-flags=--expose-gc",
];

/**
 * Formats a grant as flags of `deno run`. Environment variables that are not granted read as unset
 * instead of failing, because packages read variables of their own.
 *
 * @throws {UsageError} when a value cannot be part of a flag
 */
export function denoFlags(given: Grant): string[] {
  const flags = [...FIXED_FLAGS, "--ignore-env"];
  for (const kind of GRANT_KINDS) {
    for (const value of given[kind]) checkValue(kind, value);
    if (given[kind].length > 0) flags.push(`--allow-${kind}=${given[kind].join(",")}`);
  }
  return flags;
}

/** Rejects a comma, which separates values and cannot be escaped, and a line break, which ends a flag. */
function checkValue(kind: GrantKind, value: string): void {
  if (value !== "" && !/[,\r\n]/.test(value)) return;
  throw new UsageError(
    `Cannot grant ${kind} of ${JSON.stringify(value)}: commas and line breaks cannot be granted`,
    "Move or rename the file or folder.",
  );
}

/** Converts a grant to the permissions of a worker; everything else is denied. */
export function workerPermissions(given: Grant): Deno.PermissionOptionsObject {
  const list = (kind: GrantKind) => given[kind].length === 0 ? false : [...given[kind]];
  return {
    read: list("read"),
    write: list("write"),
    net: list("net"),
    env: list("env"),
    ffi: list("ffi"),
    run: list("run"),
    sys: list("sys"),
    import: false,
  };
}
