/** Orion: cameras in, detections out. Everything is in `src/cli`. */
import { FirstSignals } from "./src/cli/first_signals.ts";

if (import.meta.main) {
  // Loading the rest takes most of the time of a start.
  const signals = Deno.args.includes("run") ? new FirstSignals() : null;
  const { runCli } = await import("./src/cli/cli.ts");
  const { systemHost } = await import("./src/cli/host.ts");
  Deno.exit(await runCli(Deno.args, systemHost(import.meta.dirname ?? "."), signals));
}
