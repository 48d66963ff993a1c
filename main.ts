/** Orion: cameras in, detections out. Everything is in `src/cli`. */
import { runCli } from "./src/cli/cli.ts";
import { systemHost } from "./src/cli/host.ts";

if (import.meta.main) {
  Deno.exit(await runCli(Deno.args, systemHost(import.meta.dirname ?? ".")));
}
