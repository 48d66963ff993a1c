/** The permissions of `init`: the named hosts and the variables of their addresses, or one file. */
import { resolve } from "node:path";
import { UsageError } from "../../core/errors.ts";
import { type Grant, grant, union } from "../../permissions/grant.ts";
import type { Invocation, ProbeOptions } from "../args.ts";
import type { Host } from "../host.ts";
import { probeGrant } from "../probe_grant.ts";
import { type Address, parseAddresses, readAddresses, referencesIn } from "./addresses.ts";

export type InitArgs = Extract<Invocation, { command: "init" }>;

/** How `init` opens a camera: as `run` does without further keys. */
export const DEFAULT_OPTIONS: ProbeOptions = {
  transport: "tcp",
  demuxer: "orion",
  track: null,
  fingerprint: null,
  insecure: false,
};

/** The permissions that a command line needs; for an invalid one, those to report it. */
export function initGrant(args: InitArgs, host: Host): Grant {
  if (args.from.kind === "frigate") return fileGrant(args.from.file, host);
  try {
    return args.offline
      ? grant("", {})
      : probesGrant(parseAddresses(readAddresses(args.from, host)), host);
  } catch (error) {
    if (error instanceof UsageError) return grant("", {});
    throw error;
  }
}

/** The permission to read the file to convert. */
export function fileGrant(file: string, host: Host): Grant {
  return grant("reads the file to convert", { read: [resolve(host.folder, file)] });
}

/** The permissions to open each camera once. */
export function probesGrant(addresses: readonly Address[], host: Host): Grant {
  return union(
    "opens each camera once",
    addresses.flatMap(({ given }) => [
      probeGrant(given, DEFAULT_OPTIONS, host),
      grant("", { env: referencesIn(given) }),
    ]),
  );
}
