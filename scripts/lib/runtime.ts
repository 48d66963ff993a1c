/** Checks the runtime that a program is compiled with, and runs the result. */
import { Buffer } from "node:buffer";
import { machineOf, type Target } from "./targets.ts";

/** The user agent of `fetch`, with the version: part of every runtime of Deno. */
const USER_AGENT = "Deno/";

const VERSION = /^\d+\.\d+\.\d+/;

/** Longest version that is looked for. */
const VERSION_BYTES = 16;

/** The versions of Deno that the bytes of a runtime name, the newest first; old ones occur in its code. */
export function versionsIn(bytes: Buffer): string[] {
  const found = new Set<string>();
  for (let at = bytes.indexOf(USER_AGENT); at !== -1; at = bytes.indexOf(USER_AGENT, at + 1)) {
    const start = at + USER_AGENT.length;
    const version = VERSION.exec(bytes.toString("latin1", start, start + VERSION_BYTES));
    if (version !== null) found.add(version[0]);
  }
  return [...found].sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
}

/**
 * Why a file cannot be the runtime of a compiled program; null when it can.
 *
 * @param compiler  the version of the Deno that compiles: each version reads only what it wrote itself
 */
export function runtimeProblem(bytes: Buffer, target: Target, compiler: string): string | null {
  if (machineOf(bytes) !== target.machine) return `is not a runtime for ${target.name}`;
  const versions = versionsIn(bytes);
  if (versions.includes(compiler)) return null;
  const [newest] = versions;
  if (newest === undefined) return "is not a runtime of Deno";
  return `is the runtime of Deno ${newest}, and Deno ${compiler} compiles`;
}

/** The end of a run of the compiled program. */
export interface Ran {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why the output of `--version` is not the one expected; null when it is. */
export function versionProblem({ success, stdout, stderr }: Ran, version: string): string | null {
  if (success && stdout === `orion ${version}\n`) return null;
  const said = `${stdout}${stderr}`.trim().split("\n").slice(0, 5).join("\n");
  return `it does not run: --version should print "orion ${version}", and printed\n${said}`;
}
