/** The arguments of `deno task package` and `deno task compile`. */
import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";
import { answerTo } from "./asked.ts";
import { printLine } from "./print.ts";
import { type Target, targetNamed, targetNames } from "./targets.ts";

/** What `deno task package` builds. */
export const FORMS = ["archive", "deb", "home-assistant"] as const;
export type Form = typeof FORMS[number];

export interface ToolArgs {
  readonly target: Target;
  /** What to build; `compile` builds one program. */
  readonly as: Form;
  /** The Deno to package. */
  readonly deno: string;
  /** An existing folder. */
  readonly out: string;
  /** This machine's Deno. */
  readonly with: string;
  /** The configuration to compile for: a file of this machine. */
  readonly config: string | null;
  /** The path that the configuration will have where the compiled program runs; absolute. */
  readonly configAt: string;
  /** The folder that the compiled program will be installed in; absolute. */
  readonly at: string;
}

/** Defaults of `--at` and `--config-at`: the paths of docs/deploy.md. */
const DEFAULT_FOLDER = "/opt/orion";
const DEFAULT_CONFIG = "/etc/orion/orion.yaml";

/** An error of usage, reported without a stack. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** @throws {ToolError} for invalid arguments */
function toolArgs(args: readonly string[]): ToolArgs {
  const text = { type: "string" } as const;
  const options = {
    ...{ target: text, deno: text, out: text, with: text },
    ...{ config: text, "config-at": text, at: text, as: text },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new ToolError(error instanceof Error ? error.message : String(error));
  }
  const target = targetNamed(values.target);
  if (target === null) {
    const given = values.target ?? Deno.build.arch;
    throw new ToolError(`--target ${given} is none of ${targetNames()}`);
  }
  const form = FORMS.find((one) => one === (values.as ?? "archive"));
  if (form === undefined) throw new ToolError(`--as ${values.as} is none of ${FORMS.join(", ")}`);
  const { deno, out, with: own } = values;
  if (deno === undefined || out === undefined || own === undefined) {
    throw new ToolError("start it through scripts/lib/tool.sh, which names the folders");
  }
  return {
    target,
    as: form,
    deno,
    out,
    with: own,
    config: values.config ?? null,
    configAt: targetPath("--config-at", values["config-at"] ?? DEFAULT_CONFIG),
    at: targetPath("--at", values.at ?? DEFAULT_FOLDER),
  };
}

/** A path of the target machine, without a slash at its end; this machine's folders do not matter. */
function targetPath(option: string, path: string): string {
  if (!isAbsolute(path)) {
    throw new ToolError(`${option} ${path} is a path of the target machine, and must begin with /`);
  }
  return resolve(path);
}

/** Runs a tool, and prints a `ToolError` without a stack. @param usage  its help */
export function runTool(tool: (args: ToolArgs) => number, usage: string): number {
  const answer = answerTo(Deno.args, usage);
  if (answer !== null) {
    printLine(answer);
    return 0;
  }
  try {
    return tool(toolArgs(Deno.args));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${error.message}\n`));
    return 2;
  }
}
