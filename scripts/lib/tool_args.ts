/** What `deno task package` and `deno task compile` understand. */
import { parseArgs } from "node:util";
import { type Target, targetNamed, TARGETS } from "./targets.ts";

export interface ToolArgs {
  readonly target: Target;
  /** The Deno that is packed. */
  readonly deno: string;
  /** An existing folder. */
  readonly out: string;
  /** The Deno of this machine. */
  readonly with: string;
  readonly config: string | null;
  /** The folder that the compiled binary will lie in. */
  readonly at: string;
}

/** Where the compiled binary is meant to lie, unless told otherwise. */
const USUAL_PLACE = "/opt/orion";

/** A mistake of the person who started the tool, in words. */
export class ToolError extends Error {
  override readonly name = "ToolError";
}

/** @throws {ToolError} what is wrong with them */
export function toolArgs(args: readonly string[]): ToolArgs {
  const text = { type: "string" } as const;
  const options = {
    ...{ target: text, deno: text, out: text, with: text },
    ...{ config: text, at: text },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new ToolError(error instanceof Error ? error.message : String(error));
  }
  const target = targetNamed(values.target);
  if (target === null) {
    const names = TARGETS.map(({ name }) => name).join(", ");
    throw new ToolError(`--target ${values.target ?? Deno.build.arch} is none of ${names}`);
  }
  const { deno, out, with: own } = values;
  if (deno === undefined || out === undefined || own === undefined) {
    throw new ToolError("start it through scripts/lib/tool.sh, which names the folders");
  }
  return {
    target,
    deno,
    out,
    with: own,
    config: values.config ?? null,
    at: values.at ?? USUAL_PLACE,
  };
}

/** Standard output. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Runs a tool; its mistakes and those of its user are told without a stack. */
export function runTool(tool: (args: ToolArgs) => number): number {
  try {
    return tool(toolArgs(Deno.args));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    Deno.stderr.writeSync(new TextEncoder().encode(`error: ${error.message}\n`));
    return 2;
  }
}
