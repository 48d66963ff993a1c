/** Loads settings, locates libraries and computes grants for a command line. */
import { resolve } from "node:path";
import { ConfigError } from "../config/problems.ts";
import { chooseDemoPorts, type DemoPorts } from "../config/demo.ts";
import { chooseConfig, loadSettings } from "../config/load.ts";
import type { Settings } from "../config/settings.ts";
import { LibraryError } from "../core/errors.ts";
import { LIBAV_FOLDERS, locateLibav } from "../libav/locate.ts";
import { type Grant, grant, union } from "../permissions/grant.ts";
import { missingFor, PermissionsError } from "../permissions/missing.ts";
import { type FoundPlaces, permissionManifest, startGrant } from "../permissions/manifest.ts";
import { locateOnnxRuntime, type Places } from "../permissions/places.ts";
import type { CommonArgs } from "./args.ts";
import type { Host } from "./host.ts";

const CONFIG_VARIABLE = "ORION_CONFIG";

/** The absolute path of the configuration to read, or null for the demo. */
export function configPath(args: Pick<CommonArgs, "config">, host: Host): string | null {
  // Without the permission it would read as unset, and the demo would run instead.
  if (args.config === null && !host.isGranted("env", CONFIG_VARIABLE)) {
    throw new PermissionsError([{ kind: "env", values: [CONFIG_VARIABLE], key: null }]);
  }
  return chooseConfig({
    named: args.config,
    env: (name) => host.env(name),
    isFile: (path) => host.isFile(path),
    folder: host.folder,
  });
}

/** The options that determine the settings. */
type ConfigArgs = Pick<CommonArgs, "config"> & Partial<Pick<CommonArgs, "envFile">>;

/** The absolute path of the file of variables, or null. */
function environmentFile({ envFile = null }: ConfigArgs, host: Host): string | null {
  return envFile === null ? null : resolve(host.folder, envFile);
}

/** Reads the settings with their secrets; every file they name must exist. */
export function readSettings(args: ConfigArgs, host: Host): Settings {
  const path = configPath(args, host);
  return loadSettings({
    path,
    environmentFile: environmentFile(args, host),
    ...demoPorts(path, host),
    root: host.root,
    env: (name) => host.env(name),
    readText: (path) => host.readText(path),
    isFile: (path) => host.isFile(path),
    realPath: (path) => host.realPath(path),
    modeOf: (path) => host.modeOf(path),
    isGranted: (kind, value) => host.isGranted(kind, value),
  });
}

/** The ports of the demo, where no configuration is read. */
function demoPorts(path: string | null, host: Host): { demoPorts?: DemoPorts } {
  return path === null ? { demoPorts: chooseDemoPorts((port) => host.isFree(port)) } : {};
}

/** @throws {PermissionsError} with every permission that these settings need and the process lacks */
export function requirePermissions(settings: Settings, host: Host): void {
  const missing = missingFor(
    settings,
    findPlaces(host.root),
    (kind, value) => host.isGranted(kind, value),
  );
  if (missing.length > 0) throw new PermissionsError(missing);
}

/** @throws {LibraryError} when libav or ONNX Runtime is not installed */
export function locatePlaces(root: string): Places {
  return { root, libav: locateLibav(), onnxruntime: locateOnnxRuntime(root) };
}

/** The same, with null for what is not installed. */
export function findPlaces(root: string): FoundPlaces {
  return {
    root,
    libav: unlessMissing(() => locateLibav()),
    onnxruntime: unlessMissing(() => locateOnnxRuntime(root)),
  };
}

function unlessMissing<T>(locate: () => T): T | null {
  try {
    return locate();
  } catch (error) {
    if (error instanceof LibraryError) return null;
    throw error;
  }
}

/**
 * The grant of the process that runs a command. An invalid configuration is granted what it takes to
 * find all its problems, so that the process itself reports them.
 *
 * @param startsWorkers  whether the command starts workers; otherwise it only reads
 */
export function processGrant(
  args: ConfigArgs,
  host: Host,
  startsWorkers: boolean,
): Grant {
  const path = configPath(args, host);
  const places = findPlaces(host.root);
  try {
    const settings = loadSettings({
      path,
      environmentFile: environmentFile(args, host),
      ...demoPorts(path, host),
      root: host.root,
      env: (name) => host.env(name),
      readText: (file) => host.readText(file),
      putOffSecrets: true,
    });
    const { process } = permissionManifest(settings, places);
    const all = union(process.why, [process, searchGrant(places)]);
    return startsWorkers ? all : grant(all.why, { read: all.read, env: all.env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const files = path === null ? error.files : [path, ...error.files];
    return startGrant(files, error.environment);
  }
}

/** The process searches for libav again where it was not found, to report what is there instead. */
function searchGrant(places: FoundPlaces): Grant {
  return grant("", { read: places.libav === null ? LIBAV_FOLDERS : [] });
}
