import { UsageError } from "../core/errors.ts";
import type { PermissionKind } from "../core/missing_grant.ts";

/** What one part of Orion may do: lists of exactly what, each empty for nothing. */
export interface Grant {
  /** Paths; a folder stands for everything below it. */
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
  /** What it needs them for, in one sentence. */
  readonly why: string;
}

/** The kinds of permission, in the order they are shown. */
export const GRANT_KINDS = ["read", "write", "net", "env", "ffi", "run", "sys"] as const;
export type GrantKind = PermissionKind;

/** A grant of nothing beyond what is given. */
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

/** Paths without those that lie below another of them. */
function withoutCovered(paths: readonly string[]): readonly string[] {
  return Object.freeze(
    paths.filter((path) => !paths.some((other) => path.startsWith(`${other.replace(/\/$/, "")}/`))),
  );
}

/** What several parts may do together. */
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

/** Flags every start has: never ask, never fetch code; and let Orion collect its own garbage. */
const FIXED_FLAGS = [
  "--no-prompt",
  "--cached-only",
  "--no-remote",
  "--deny-import",
  "--v8-flags=--expose-gc",
];

/**
 * The flags of `deno run` for a grant. Environment variables that are not named answer `undefined`
 * instead of failing, because packages look for settings of theirs.
 *
 * @throws {UsageError} when a value cannot stand in a flag
 */
export function denoFlags(given: Grant): string[] {
  const flags = [...FIXED_FLAGS, "--ignore-env"];
  for (const kind of GRANT_KINDS) {
    for (const value of given[kind]) checkValue(kind, value);
    if (given[kind].length > 0) flags.push(`--allow-${kind}=${given[kind].join(",")}`);
  }
  return flags;
}

/** A comma separates the values of a flag, and cannot be escaped; a line break ends one. */
function checkValue(kind: GrantKind, value: string): void {
  if (value !== "" && !/[,\r\n]/.test(value)) return;
  throw new UsageError(
    `Cannot grant ${kind} of ${JSON.stringify(value)}: commas and line breaks cannot be granted`,
    "Move or rename the file or folder.",
  );
}

/** The permissions of a worker for a grant: everything that is not granted is refused outright. */
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
