/** Lines on standard output, for scripts that a person reads. */

/** Prints a line. */
export function printLine(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}
