/**
 * Stands where main.ts does, under the product's own flags: reads the configuration as the product
 * does, starts one worker for each part with the part's grant, and lets everybody try everything.
 *
 *   deno run FLAGS probe.ts CONFIG ATTEMPTS     prints the outcomes of each part as JSON
 */
import { systemHost } from "../../src/cli/host.ts";
import { locatePlaces, readSettings } from "../../src/cli/prepare.ts";
import { workerPermissions } from "../../src/permissions/grant.ts";
import { permissionManifest } from "../../src/permissions/manifest.ts";
import { ROOT } from "../support/system/files.ts";
import { askWorker } from "../support/workers/ask_worker.ts";
import { type Attempt, attemptsUrl, type Outcome, tryAll } from "./attempts.ts";

type Outcomes = Record<string, Outcome>;

if (import.meta.main) {
  const [config = "", given = "{}"] = Deno.args;
  const attempts: Readonly<Record<string, Attempt>> = JSON.parse(given);
  const settings = readSettings({ config }, systemHost(ROOT));
  const { parts } = permissionManifest(settings, locatePlaces(ROOT));
  const outcomes: Record<string, Outcomes> = {};
  for (const [name, grant] of parts) {
    outcomes[name] = name === "process"
      ? await tryAll(attempts)
      : await askWorker<Outcomes>(attemptsUrl(), workerPermissions(grant), attempts);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(outcomes)));
}
