/** `orion permissions`: prints the grants of the process and its workers, for people, programs and the launcher. */
import type { Settings } from "../config/settings.ts";
import { confinementText } from "../permissions/confinement.ts";
import { denoFlags, type Grant, GRANT_KINDS } from "../permissions/grant.ts";
import {
  type FoundPlaces,
  type Manifest,
  permissionManifest,
  startGrant,
} from "../permissions/manifest.ts";
import { type IsGranted, missingFlags, missingFor } from "../permissions/missing.ts";
import { UsageError } from "../core/errors.ts";
import { type CommonArgs, type Invocation, parseCommandLine } from "./args.ts";
import type { Host } from "./host.ts";
import { initGrant } from "./init/grant.ts";
import { probeUrl, variableOf } from "./probe_address.ts";
import { probeGrant } from "./probe_grant.ts";
import { findPlaces, processGrant, readSettings } from "./prepare.ts";

type PermissionsArgs = Extract<Invocation, { command: "permissions" }>;

/** Prints the permissions in the requested form. */
export function printPermissions(args: PermissionsArgs, host: Host): void {
  if (args.as === "flags") {
    host.out(`${denoFlags(grantFor(args, host)).join("\n")}\n`);
    return;
  }
  const settings = readSettings(args, host);
  const places = findPlaces(host.root);
  const { parts, confinements } = permissionManifest(settings, places);
  const flags = denoFlags(processGrant(args, host, true));
  const baked = host.isCompiled ? bakedIn(settings, places, host) : null;
  if (args.as === "json") {
    const json = {
      schema: "orion.permissions/1",
      parts: Object.fromEntries(parts),
      confinement: {
        landlock: settings.confinement.landlock,
        parts: Object.fromEntries(confinements),
      },
      flags,
    };
    host.out(`${JSON.stringify(baked === null ? json : { ...json, ...baked }, null, 2)}\n`);
    return;
  }
  host.out(
    table(settings, { parts, confinements }, flags) + (baked === null ? "" : bakedText(baked)),
  );
}

/** The file in a compiled program's own folder with the flags it was compiled with. */
export const BAKED_FLAGS_FILE = "baked_flags.txt";

/** Flags baked into a compiled program, and flags that the configuration needs beyond those. */
interface Baked {
  readonly baked: readonly string[];
  readonly lacking: readonly string[];
}

function bakedIn(settings: Settings, places: FoundPlaces, host: Host): Baked {
  const has: IsGranted = (kind, value) => host.isGranted(kind, value);
  const text = host.readText(`${host.root}/${BAKED_FLAGS_FILE}`);
  return {
    baked: text.split("\n").filter((flag) => flag !== ""),
    lacking: missingFlags(missingFor(settings, places, has)),
  };
}

function bakedText({ baked, lacking }: Baked): string {
  const lines = ["", "Baked into this program:", ...baked.map((flag) => `  ${flag}`), ""];
  if (lacking.length === 0) lines.push("Nothing that is needed is missing.");
  else lines.push("Needed and not baked in:", ...lacking.map((flag) => `  ${flag}`));
  return `${lines.join("\n")}\n`;
}

/**
 * The grant of the process that runs the command line after `--`. An invalid command line is granted
 * only what it takes to report the error.
 */
function grantFor(args: PermissionsArgs, host: Host): Grant {
  let of: Invocation;
  try {
    of = parseCommandLine(args.of);
  } catch (error) {
    if (error instanceof UsageError) return startGrant([], []);
    throw error;
  }
  switch (of.command) {
    case "help":
    case "version":
    case "unpack":
      return startGrant([], []);
    case "probe":
      return probeGrant(probeUrl(of.address, host), of, host, variableOf(of.address));
    case "init":
      return initGrant(of, host);
    case "permissions":
      return processGrant(configArgs(args, of), host, false);
    case "run":
    case "check":
      return processGrant(configArgs(args, of), host, true);
  }
}

/** The options of the command line after `--`, else those before it. */
function configArgs(args: PermissionsArgs, of: CommonArgs) {
  return { config: of.config ?? args.config, envFile: of.envFile ?? args.envFile };
}

function table(
  settings: Settings,
  { parts, confinements }: Pick<Manifest, "parts" | "confinements">,
  flags: readonly string[],
): string {
  const lines = [`Configuration: ${settings.path ?? "none (the demo)"}`, ""];
  for (const [name, grant] of parts) {
    lines.push(`${name}: ${grant.why}`);
    const granted = GRANT_KINDS.filter((kind) => grant[kind].length > 0);
    for (const kind of granted) {
      grant[kind].forEach((value, index) =>
        lines.push(`  ${(index === 0 ? kind : "").padEnd(6)}${value}`)
      );
    }
    const denied = GRANT_KINDS.filter((kind) => grant[kind].length === 0);
    lines.push(`  no ${denied.join(", ")}`);
    const confinement = confinements.get(name);
    if (confinement !== undefined) {
      lines.push(`  native code (Landlock): ${confinementText(confinement)}`);
    }
    lines.push("");
  }
  lines.push("Flags of the process:", ...flags.map((flag) => `  ${flag}`));
  return `${lines.join("\n")}\n`;
}
