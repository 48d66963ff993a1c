import type { Manifest } from "../../permissions/manifest.ts";
import { missingFor } from "../../permissions/missing.ts";
import type { ServiceOptions } from "../options.ts";
import type { Fleet } from "../workers/fleet.ts";
import type { Spawners } from "../workers/spawners.ts";
import type { FleetChanged } from "./apply.ts";
import type { NextFleet } from "./models.ts";
import { Reloader } from "./reloader.ts";

/** The reloader of a running service. */
export function serviceReloader(
  { options, fleet, spawners, onChanged }: {
    readonly options: ServiceOptions;
    readonly fleet: Fleet;
    /** How threads are started with the permissions of another configuration. */
    readonly spawners: (manifest: Manifest) => Spawners;
    /** Another configuration is in force. @returns settles when what it removed is gone */
    readonly onChanged: (changed: FleetChanged, next: NextFleet) => Promise<void>;
  },
): Reloader {
  const { readSettings, redactor, places, isGranted, log, manifestOf } = options;
  return new Reloader({
    ...{ redactor, log },
    read: readSettings,
    missing: (settings) => missingFor(settings, places, isGranted),
    settings: () => fleet.settings,
    prepare: async (settings, change) => {
      const manifest = manifestOf(settings);
      const { confinements } = manifest;
      const next = { settings, change, setups: { spawners: spawners(manifest), confinements } };
      const { commit, drop } = await fleet.prepare(next);
      return { drop, commit: () => onChanged(commit(), next) };
    },
  });
}
