/** What the process and each of its workers may do, computed from the configuration. */
import { join } from "node:path";
import type { LibavPaths } from "../core/camera_types.ts";
import { LifecycleError } from "../core/errors.ts";
import { NO_TELEMETRY } from "../core/telemetry.ts";
import { isIP } from "node:net";
import type { CameraSettings, Endpoint, Settings } from "../config/settings.ts";
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
    settings.cameras.map((camera) => [camera.id, captureGrant(camera, places.libav)]),
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

/** What decides about the grant of whatever opens a stream. */
export type StreamAccess = Pick<
  CameraSettings,
  "demuxer" | "file" | "endpoint" | "allowRedirect" | "udpPorts"
>;

/**
 * What it takes to open one stream and to decode it.
 *
 * With Orion's own RTSP the camera's address and the libraries that decode. Where libav demuxes,
 * libavformat instead of an address: it opens files and sockets itself, out of Deno's sight.
 */
export function captureGrant(stream: StreamAccess, libav: LibavPaths | null): Grant {
  const { demuxer, file, endpoint, allowRedirect, udpPorts } = stream;
  const { avformat = null, ...decoding } = libav ?? {};
  const ffi = Object.values(decoding);
  if (demuxer === "libav") {
    const why = file === null
      ? "decodes one camera with libav, whose sockets Deno neither sees nor limits: it goes where the " +
        "camera sends it, and checks no certificate"
      : "decodes one file with libav, which opens it by itself";
    return grant(why, { ffi: avformat === null ? ffi : [...ffi, avformat] });
  }
  const hosts = endpoint === null ? [] : [endpoint, ...allowRedirect];
  if (udpPorts === null) {
    const why = "speaks RTSP to one camera and decodes what it sends";
    return grant(why, { ffi, net: hosts.map(endpointText) });
  }
  const why = "speaks RTSP to one camera, receives over UDP, and decodes what it sends";
  return grant(why, { ffi, net: [...hosts.map(datagramsTo), ...localPorts(udpPorts, hosts)] });
}

/**
 * Every port of the camera: which of them takes receiver reports it only says when the worker runs. With
 * a host name its RTSP port alone: datagrams can't be permitted then, since Deno compares the address
 * that they go to with addresses only.
 */
function datagramsTo(host: Endpoint): string {
  if (isIP(host.hostname) === 0) return endpointText(host);
  return host.hostname.includes(":") ? `[${host.hostname}]` : host.hostname;
}

/** Where RTP and RTCP are received; of a host name the family of its address is not known. */
function localPorts(ports: readonly [number, number], hosts: readonly Endpoint[]): string[] {
  const families = new Set(hosts.map(({ hostname }) => isIP(hostname)));
  const isEither = families.has(0);
  const locals = [
    ...(families.has(4) || isEither ? ["0.0.0.0"] : []),
    ...(families.has(6) || isEither ? ["::"] : []),
  ];
  return locals.flatMap((hostname) => ports.map((port) => endpointText({ hostname, port })));
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

/**
 * What the configuration names, itself included. The bundled clip is not looked for, only played. What
 * cameras' certificates are checked with is read here and handed over.
 */
function filesOf(settings: Settings): string[] {
  const cameras = settings.cameras.flatMap(({ kind, file, caPath }) => [
    kind === "file" ? file : null,
    caPath,
  ]);
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
