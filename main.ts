/** Orion: cameras in, detections out. Everything is in `src/cli`. */
import { runCli } from "./src/cli/cli.ts";
import { systemHost } from "./src/cli/host.ts";
import { NO_TELEMETRY } from "./src/core/telemetry.ts";

if (import.meta.main) {
  // What native code sends and writes, Deno's permissions do not stop.
  Deno.env.set(NO_TELEMETRY, "1");
  Deno.exit(await runCli(Deno.args, systemHost(import.meta.dirname ?? ".")));
}
