/** The command line on a host of a test's making. */
import assert from "node:assert/strict";
import { runCli } from "../../../src/cli/cli.ts";
import type { Host } from "../../../src/cli/host.ts";
import { ROOT } from "../../support/system/files.ts";

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line on a host with these files and variables. */
export async function cli(
  args: readonly string[],
  world: {
    files?: Record<string, string>;
    env?: Record<string, string>;
    isGranted?: Host["isGranted"];
    isCompiled?: boolean;
    isFree?: Host["isFree"];
    input?: string;
    /** What a person answers on a terminal, line by line. */
    answers?: string[];
  } = {},
): Promise<Outcome> {
  let out = "";
  let err = "";
  const text = (path: string) => world.files?.[path];
  const host: Host = {
    root: ROOT,
    folder: "/home/me",
    env: (name) => world.env?.[name],
    readText: (path) => text(path) ?? raise(new Deno.errors.NotFound()),
    isFile: (path) => text(path) !== undefined || path.startsWith(`${ROOT}/`),
    modeOf: () => null,
    realPath: () => null,
    readLine: () => world.answers?.shift() ?? world.input ?? "",
    readInput: () => world.input ?? "",
    isInteractive: world.answers !== undefined,
    isGranted: world.isGranted ?? (() => true),
    isFree: world.isFree ?? (() => true),
    isCompiled: world.isCompiled ?? false,
    program: "/opt/orion/orion",
    dropWrite: () => undefined,
    out: (part) => void (out += part),
    err: (part) => void (err += part),
    errAsync: (bytes) => {
      err += new TextDecoder().decode(bytes);
      return Promise.resolve(bytes.length);
    },
    colour: false,
    onUncaught: () => undefined,
    omitStacks: () => undefined,
    exit: (code) => assert.fail(`exit ${code}`),
  };
  return { code: await runCli(args, host), out, err };
}

function raise(error: Error): never {
  throw error;
}
