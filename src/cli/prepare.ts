/** From a command line to settings, places and permissions. */
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

/** The configuration a command line asks for: absolute, or null for the demo. */
export function configPath(args: Pick<CommonArgs, "config">, host: Host): string | null {
  // Where it may not be asked for, the demo would be played instead of what it names.
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

/** Reads the settings, secrets and all; every file they name must be there. */
export function readSettings(args: Pick<CommonArgs, "config">, host: Host): Settings {
  const path = configPath(args, host);
  return loadSettings({
    path,
    ...demoPorts(path, host),
    root: host.root,
    env: (name) => host.env(name),
    readText: (path) => host.readText(path),
    isFile: (path) => host.isFile(path),
    modeOf: (path) => host.modeOf(path),
    isGranted: (kind, value) => host.isGranted(kind, value),
  });
}

/** Where the demo listens, when it is the demo that is asked for. */
function demoPorts(path: string | null, host: Host): { demoPorts?: DemoPorts } {
  return path === null ? { demoPorts: chooseDemoPorts((port) => host.isFree(port)) } : {};
}

/** @throws {PermissionsError} with everything that the process needs for these settings and has not */
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

/** As {@link locatePlaces}, with null for what is not installed. */
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
 * What the process needs that carries a command out. A configuration with problems gets what it takes
 * to tell all of them, so that the process itself does.
 *
 * @param works  whether the command starts workers; otherwise it only reads
 */
export function processGrant(
  args: Pick<CommonArgs, "config">,
  host: Host,
  works: boolean,
): Grant {
  const path = configPath(args, host);
  const places = findPlaces(host.root);
  try {
    const settings = loadSettings({
      path,
      ...demoPorts(path, host),
      root: host.root,
      env: (name) => host.env(name),
      readText: (file) => host.readText(file),
      putOffSecrets: true,
    });
    const { process } = permissionManifest(settings, places);
    const all = union(process.why, [process, searchGrant(places)]);
    return works ? all : grant(all.why, { read: all.read, env: all.env });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const files = path === null ? error.files : [path, ...error.files];
    return startGrant(files, error.environment);
  }
}

/** Where libav was not found, the process looks again, to say what it found instead. */
function searchGrant(places: FoundPlaces): Grant {
  return grant("", { read: places.libav === null ? LIBAV_FOLDERS : [] });
}
