/** Runs the programs that build packages. */
import { ToolError } from "./tool_args.ts";

/**
 * Runs a program to its end.
 * @throws {ToolError} with what it printed, when it fails
 */
export function runCommand(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): void {
  const { success, stderr } = new Deno.Command(program, { args: [...args], env: { ...env } })
    .outputSync();
  if (success) return;
  throw new ToolError(`${program} failed: ${new TextDecoder().decode(stderr).trim()}`);
}
