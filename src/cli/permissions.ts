/** `orion permissions`: who may do what, for people, machines and the launcher. */
import type { Settings } from "../config/settings.ts";
import { denoFlags, type Grant, grant, GRANT_KINDS } from "../permissions/grant.ts";
import { permissionManifest, startGrant } from "../permissions/manifest.ts";
import { UsageError } from "../core/errors.ts";
import { LIBAV_FOLDERS } from "../libav/locate.ts";
import { type Invocation, parseCommandLine } from "./args.ts";
import type { Host } from "./host.ts";
import { findPlaces, processGrant, readSettings } from "./prepare.ts";

type PermissionsArgs = Extract<Invocation, { command: "permissions" }>;

/** Prints to standard output what was asked for. */
export function printPermissions(args: PermissionsArgs, host: Host): void {
  if (args.as === "flags") {
    host.out(`${denoFlags(grantFor(args, host)).join("\n")}\n`);
    return;
  }
  const settings = readSettings(args, host);
  const { parts } = permissionManifest(settings, findPlaces(host.root));
  const flags = denoFlags(processGrant(args, host, true));
  if (args.as === "json") {
    const json = { schema: "orion.permissions/1", parts: Object.fromEntries(parts), flags };
    host.out(`${JSON.stringify(json, null, 2)}\n`);
    return;
  }
  host.out(table(settings, parts, flags));
}

/**
 * The grant of the process that carries out the command line after `--`. One that is not understood
 * gets no more than it takes to say so.
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
      return startGrant([], []);
    case "probe": {
      const { libav } = findPlaces(host.root);
      const paths = libav === null ? [] : Object.values(libav);
      // libav opens the stream by itself; where it was not found, the process says where it looked.
      const read = libav === null ? LIBAV_FOLDERS : paths;
      return grant("opens one stream with libav", { ffi: paths, read });
    }
    case "permissions":
      return processGrant({ config: of.config ?? args.config }, host, false);
    case "run":
    case "check":
      return processGrant({ config: of.config ?? args.config }, host, true);
  }
}

function table(
  settings: Settings,
  parts: ReadonlyMap<string, Grant>,
  flags: readonly string[],
): string {
  const lines = [`Configuration: ${settings.path ?? "none (the demo)"}`, ""];
  for (const [name, grant] of parts) {
    lines.push(`${name}: ${grant.why}`);
    const given = GRANT_KINDS.filter((kind) => grant[kind].length > 0);
    for (const kind of given) {
      grant[kind].forEach((value, index) =>
        lines.push(`  ${(index === 0 ? kind : "").padEnd(6)}${value}`)
      );
    }
    const refused = GRANT_KINDS.filter((kind) => grant[kind].length === 0);
    lines.push(`  no ${refused.join(", ")}`, "");
  }
  lines.push("Flags of the process:", ...flags.map((flag) => `  ${flag}`));
  return `${lines.join("\n")}\n`;
}
