/**
 * Starts Orion where there is no shell, with exactly the permissions that its configuration needs: what
 * `scripts/orion.sh` does, as three programs that replace one another in one process. This first one reads
 * the names of variables in the configuration, `permit.ts` may read those and computes the flags, and the
 * last runs the command with them.
 *
 *   deno run --allow-ffi=LIBC --allow-env=ORION_CONFIG --allow-read=FOLDERS start.ts COMMAND [OPTIONS]
 */
import { resolve } from "node:path";
import { type Invocation, parseCommandLine } from "../../src/cli/args.ts";
import { systemHost } from "../../src/cli/host.ts";
import { configPath } from "../../src/cli/prepare.ts";
import { UsageError } from "../../src/core/errors.ts";
import { NO_TELEMETRY } from "../../src/core/telemetry.ts";
import { LIBAV_FOLDERS } from "../../src/libav/locate.ts";
import { replaceProcess } from "../../src/libav/exec.ts";
import { failing, LIBC, ROOT } from "./programs.ts";

/** Names that `${NAME}` refers to; those in comments do no harm. */
const REFERENCES = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** The command line; null for an invalid one, which the last program reports. */
function invocationOf(args: readonly string[]): Invocation | null {
  try {
    return parseCommandLine(args);
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** What the computation of the flags has to read. */
export interface Needs {
  readonly env: readonly string[];
  readonly read: readonly string[];
}

/** @param invocation  null: an invalid one */
export function needsOf(invocation: Invocation | null): Needs {
  if (invocation?.command === "probe") {
    const { address } = invocation;
    if (address.from === "stdin") throw noShell();
    return { env: address.from === "variable" ? [address.name] : [], read: [] };
  }
  if (invocation?.command === "init") {
    if (invocation.from.kind === "stdin") throw noShell();
    return { env: [], read: [] };
  }
  if (invocation === null || !("config" in invocation)) return { env: [], read: [] };
  const host = systemHost(ROOT);
  const config = configPath(invocation, host);
  const files = invocation.envFile === null ? [] : [resolve(host.folder, invocation.envFile)];
  if (config === null) return { env: [], read: files };
  const text = host.isFile(config) ? host.readText(config) : "";
  const names = [...text.matchAll(REFERENCES)].map(([, name = ""]) => name);
  return { env: [...new Set(names)], read: [config, ...files] };
}

/** Two of the programs would have to read the same lines. */
function noShell(): UsageError {
  return new UsageError(
    "An address on standard input needs a shell, and the image has none",
    "Pass it in a variable: probe --env NAME, or init 'rtsp://viewer:${NAME}@HOST/PATH'.",
  );
}

function start(args: readonly string[]): never {
  const { env, read } = needsOf(invocationOf(args));
  const names = ["ORION_CONFIG", NO_TELEMETRY, ...env];
  return replaceProcess(LIBC, Deno.execPath(), [
    ...["run", "--quiet", "--no-prompt", "--cached-only", "--no-remote", "--deny-import"],
    ...["--ignore-env", `--allow-env=${names.join(",")}`, `--allow-ffi=${LIBC}`],
    `--allow-read=${[ROOT, ...read, ...LIBAV_FOLDERS].join(",")}`,
    ...[`${ROOT}/packaging/container/permit.ts`, ...args],
  ]);
}

if (import.meta.main) failing(() => start(Deno.args));
