/**
 * Prints the permission flags of a group of tests, one a line, for scripts that start `deno test`
 * themselves: under emulation, or with another release of libav.
 *
 *   flags.ts GROUP TEMP [LIBAV]   LIBAV is the folder of that other release
 */
import { natives, testGroups } from "./groups.ts";

function main([name, temp, libav]: readonly (string | undefined)[]): number {
  if (name === undefined || temp === undefined) return 2;
  const group = testGroups(temp, natives(libav ?? null)).find((one) => one.name === name);
  if (group === undefined) return 2;
  Deno.stdout.writeSync(new TextEncoder().encode(`${group.flags.join("\n")}\n`));
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
