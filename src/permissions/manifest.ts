/** Computes the permissions of the process and of each worker from the configuration. */
import { join } from "node:path";
import type { LibavPaths } from "../core/camera_types.ts";
import type { Confinement } from "../core/confinement.ts";
import type { DetectorPlan } from "../core/detector_types.ts";
import { type Endpoint, endpointText, hostText } from "../core/endpoint.ts";
import { LifecycleError } from "../core/errors.ts";
import { NO_TELEMETRY } from "../core/telemetry.ts";
import { isIP } from "node:net";
import type { CameraSettings, Settings } from "../config/settings.ts";
import { confinements } from "./confinement.ts";
import { type Grant, grant, union } from "./grant.ts";
import { onnxRuntimePackage, type OnnxRuntimePlace, type Places } from "./places.ts";

/** The permissions of every part of a running Orion. */
export interface Manifest {
  /** The process: the union of its own permissions and those of the workers. */
  readonly process: Grant;
  /** @throws {LifecycleError} when there is no such camera */
  capture(camera: string): Grant;
  /** @throws {LifecycleError} when there is no such detector */
  inference(detector: string): Grant;
  readonly publisher: Grant;
  /** null without the embedded broker. */
  readonly broker: Grant | null;
  /** All of them by name, the process first. */
  readonly parts: ReadonlyMap<string, Grant>;
  /** How far the kernel confines them in addition, by the same names; without those it does not. */
  readonly confinements: ReadonlyMap<string, Confinement>;
}

/** As {@link Places}, on a machine where something may be missing. */
export interface FoundPlaces {
  readonly root: string;
  readonly libav: LibavPaths | null;
  readonly onnxruntime: OnnxRuntimePlace | null;
}

/**
 * Folders of the workers' modules, which Deno checks against the permissions of the process. It does not
 * check the main module and its imports, npm packages included, so other folders are not needed.
 */
const WORKER_CODE = ["src", "workers"];

/** The permissions to read the configuration and the files and variables that it names. */
export function startGrant(files: Iterable<string>, env: Iterable<string>): Grant {
  return grant("reads the configuration", {
    read: files,
    env: ["ORION_CONFIG", NO_TELEMETRY, ...env],
  });
}

/**
 * Computes the permissions of every part.
 *
 * @param places  missing ones are omitted: the part that needs them reports the error
 */
export function permissionManifest(settings: Settings, places: Places | FoundPlaces): Manifest {
  const { mqtt, health } = settings;
  const broker = endpointText(mqtt.address);
  const captures = new Map(
    settings.cameras.map((camera) => [camera.id, captureGrant(camera, places.libav)]),
  );
  const inferences = new Map(
    settings.detectors.map(({ id, modelPath, inference }) => [
      id,
      inferenceGrant({ modelPath, ...inference }, settings.models.folder, places),
    ]),
  );
  const publisher = grant("connects to the broker", {
    net: [broker],
    read: [mqtt.ca, mqtt.cert, mqtt.key].filter((path) => path !== null),
  });
  const embedded = mqtt.isEmbedded ? grant("is the embedded broker", { net: [broker] }) : null;
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
    confinements: confinements(settings, places),
  };
}

/** The settings that determine the permissions to open a stream. */
export type StreamAccess = Pick<
  CameraSettings,
  "demuxer" | "file" | "endpoint" | "allowRedirect" | "udpPorts"
>;

/**
 * The permissions to open one stream and to decode it.
 *
 * With Orion's own RTSP: the camera's address and the decoding libraries. With libav's demuxer:
 * libavformat instead of an address, since it opens files and sockets itself, unchecked by Deno.
 */
export function captureGrant(stream: StreamAccess, libav: LibavPaths | null): Grant {
  const { demuxer, file, endpoint, allowRedirect, udpPorts } = stream;
  const { avformat = null, ...decoding } = libav ?? {};
  const ffi = Object.values(decoding);
  if (demuxer === "libav") {
    const why = file === null
      ? "decodes one camera with libav, whose sockets Deno neither sees nor limits: it follows every " +
        "redirect of the camera, and verifies no certificate"
      : "decodes one file with libav, which opens it by itself";
    return grant(why, { ffi: avformat === null ? ffi : [...ffi, avformat] });
  }
  const hosts = endpoint === null ? [] : [endpoint, ...allowRedirect];
  if (udpPorts === null) {
    const why = "reads one camera over RTSP and decodes it";
    return grant(why, { ffi, net: hosts.map(endpointText) });
  }
  const why = "reads one camera over RTSP and UDP and decodes it";
  return grant(why, { ffi, net: [...hosts.map(datagramsTo), ...localPorts(udpPorts, hosts)] });
}

/**
 * Every port of the camera, since the one for receiver reports is negotiated at run time. For a host name
 * only its RTSP port: datagrams cannot be permitted then, since Deno compares their destination with
 * addresses only.
 */
function datagramsTo(host: Endpoint): string {
  return isIP(host.hostname) === 0 ? endpointText(host) : hostText(host.hostname);
}

/** The local addresses for RTP and RTCP; the address family of a host name is unknown, so both. */
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
  { modelPath, openVino }: Pick<DetectorPlan, "modelPath" | "openVino">,
  modelFolder: string,
  places: Places | FoundPlaces,
): Grant {
  return grant("runs one detector's model, and those it may be switched to", {
    ffi: [places.onnxruntime?.binding, openVino].filter((path) => path !== undefined),
    read: [modelPath, modelFolder, join(places.root, "models")],
  });
}

/**
 * The configuration and the files it names. The existence of the bundled clip is not checked. The process
 * reads the CA certificates of cameras and passes them to the workers.
 */
function filesOf(settings: Settings): string[] {
  const cameras = settings.cameras.flatMap(({ kind, file, caPath }) => [
    kind === "file" ? file : null,
    caPath,
  ]);
  return [settings.path, ...settings.secretFiles, ...cameras].filter((path) => path !== null);
}

/** The libraries: the process locates them before workers load them. */
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
