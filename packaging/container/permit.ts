/**
 * The second of the programs that start Orion in the image (`start.ts`): computes the flags that a command
 * needs, and runs it with them in its own place.
 */
import { runCli } from "../../src/cli/cli.ts";
import { systemHost } from "../../src/cli/host.ts";
import { replaceProcess } from "../../src/libav/exec.ts";
import { failing, LIBC, ROOT } from "./programs.ts";

if (import.meta.main) {
  let flags = "";
  const host = { ...systemHost(ROOT), out: (text: string) => void (flags += text) };
  const code = await runCli(["permissions", "--flags", "--", ...Deno.args], host);
  if (code !== 0) Deno.exit(code);
  failing(() =>
    replaceProcess(LIBC, Deno.execPath(), [
      ...["run", ...flags.trimEnd().split("\n")],
      ...[`${ROOT}/main.ts`, ...Deno.args],
    ])
  );
}
