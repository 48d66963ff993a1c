/** What the programs that start Orion in the image share. */
import { fileURLToPath } from "node:url";
import { failureText } from "../../src/cli/failure.ts";
import { exitCode } from "../../src/core/exit.ts";
import { Redactor } from "../../src/core/redact.ts";

/** Orion's own folder. */
export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");

/** The C library of the image, under a name that is the same for every machine. */
export const LIBC = "/usr/lib/libc.so.6";

/** Runs a function, and ends the process as Orion does when it fails. */
export function failing(run: () => void): void {
  try {
    run();
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(failureText(error, new Redactor())));
    Deno.exit(exitCode(error));
  }
}
