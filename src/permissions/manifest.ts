/** What the process and each of its workers may do, computed from the configuration. */
import { join } from "node:path";
import { LifecycleError } from "../core/errors.ts";
import type { LibavPaths } from "../core/messages.ts";
import { NO_TELEMETRY } from "../core/telemetry.ts";
import type { Settings } from "../config/settings.ts";
import { endpointText } from "../config/urls.ts";
import { type Grant, grant, union } from "./grant.ts";
import { onnxRuntimePackage, type OnnxRuntimePlace, type Places } from "./places.ts";

/** Every part of a running Orion, and what it may do. */
export interface Manifest {
  /** The process: a worker gets nothing that the process does not have. */
  readonly process: Grant;
  /** @throws {LifecycleError} when there is no such camera */
  capture(camera: string): Grant;
  /** @throws {LifecycleError} when there is no such detector */
  inference(detector: string): Grant;
  readonly publisher: Grant;
  /** null when the broker is not the embedded one. */
  readonly broker: Grant | null;
  /** All of them, named as in the log, the process first. */
  readonly parts: ReadonlyMap<string, Grant>;
}

/** As {@link Places}, of a machine on which something may be missing. */
export interface FoundPlaces {
  readonly root: string;
  readonly libav: LibavPaths | null;
  readonly onnxruntime: OnnxRuntimePlace | null;
}

/**
 * What workers are loaded from: their modules are checked against the process. The entry and what it
 * imports, packages of npm included, are not checked, so nothing else of Orion's is named here.
 */
const WORKER_CODE = ["src", "workers"];

/** What it takes to start at all: the configuration, and where that points. */
export function startGrant(files: Iterable<string>, env: Iterable<string>): Grant {
  return grant("reads the configuration", {
    read: files,
    env: ["ORION_CONFIG", NO_TELEMETRY, ...env],
  });
}

/**
 * Computes who may do what.
 *
 * @param places  missing ones are left out: whoever needs them will say so
 */
export function permissionManifest(settings: Settings, places: Places | FoundPlaces): Manifest {
  const { mqtt, health } = settings;
  const broker = endpointText(mqtt);
  const captures = new Map(
    settings.cameras.map(({ id }) => [id, captureGrant(places.libav)]),
  );
  const inferences = new Map(
    settings.detectors.map(({ id, modelPath }) => [
      id,
      inferenceGrant(modelPath, settings.models.folder, places),
    ]),
  );
  const publisher = grant("speaks to the broker", {
    net: [broker],
    read: [mqtt.ca, mqtt.cert, mqtt.key].filter((path) => path !== null),
  });
  const embedded = mqtt.url === null ? grant("is the embedded broker", { net: [broker] }) : null;
  const workers = [
    ...captures.values(),
    ...inferences.values(),
    publisher,
    ...(embedded === null ? [] : [embedded]),
  ];
  const own = grant("", {
    read: [
      ...WORKER_CODE.map((name) => join(places.root, name)),
      ...filesOf(settings),
      ...librariesOf(places),
    ],
    net: health.listen === null ? [] : [endpointText(health.listen)],
  });
  const process = union(
    "reads its files, serves HTTP, and holds what its workers get: they cannot have more than it",
    [startGrant([], settings.environment), own, ...workers],
  );
  return {
    process,
    capture: (camera) => existing(captures, camera, "camera"),
    inference: (detector) => existing(inferences, detector, "detector"),
    publisher,
    broker: embedded,
    parts: new Map([
      ["process", process],
      ...prefixed("capture", captures),
      ...prefixed("inference", inferences),
      ["publisher", publisher],
      ...(embedded === null ? [] : [["broker", embedded] as const]),
    ]),
  };
}

/** libav opens files and sockets itself, out of Deno's sight: this grants its libraries alone. */
function captureGrant(libav: LibavPaths | null): Grant {
  return grant("decodes one camera: loads libav, which opens the stream by itself", {
    ffi: libav === null ? [] : Object.values(libav),
  });
}

function inferenceGrant(
  modelPath: string,
  modelFolder: string,
  places: Places | FoundPlaces,
): Grant {
  return grant("runs one detector's model, and those it may be switched to", {
    ffi: places.onnxruntime === null ? [] : [places.onnxruntime.binding],
    read: [modelPath, modelFolder, join(places.root, "models")],
  });
}

/** What the configuration names, itself included. The bundled clip is not looked for, only played. */
function filesOf(settings: Settings): string[] {
  const cameras = settings.cameras.map(({ kind, file }) => kind === "file" ? file : null);
  return [settings.path, ...settings.secretFiles, ...cameras].filter((path) => path !== null);
}

/** Libraries are looked for before they are loaded. */
function librariesOf(places: Places | FoundPlaces): string[] {
  const { root, libav, onnxruntime } = places;
  return [
    ...(libav === null ? [] : Object.values(libav)),
    ...(onnxruntime === null ? [] : [onnxRuntimePackage(root), onnxruntime.binding]),
  ];
}

function existing(grants: ReadonlyMap<string, Grant>, id: string, what: string): Grant {
  const found = grants.get(id);
  if (found === undefined) throw new LifecycleError(`there is no ${what} "${id}"`);
  return found;
}

function prefixed(kind: string, grants: ReadonlyMap<string, Grant>): (readonly [string, Grant])[] {
  return [...grants].map(([id, one]) => [`${kind} ${id}`, one] as const);
}
