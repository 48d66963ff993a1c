/** Computes from the configuration how far the kernel confines each worker that runs native code. */
import { isIP } from "node:net";
import { dirname } from "node:path";
import type { CameraSettings, Settings } from "../config/settings.ts";
import type { Confinement } from "../core/confinement.ts";
import type { LibavPaths, StreamSettings } from "../core/camera_types.ts";
import type { InferenceSettings } from "../core/detector_types.ts";
import type { OnnxRuntimePlace } from "./places.ts";

/** What ONNX Runtime reads about the processor. */
const PROCESSOR_FILES = ["/proc/cpuinfo", "/sys/devices/system/cpu"];
/** What the drivers of hardware decoders and of GPUs read while they work. */
const DRIVER_FILES = [
  ...["/proc", "/sys", "/usr", "/opt", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/vulkan"],
  ...["/etc/OpenCL", "/etc/alternatives", "/etc/nvidia"],
];
const DEVICES = ["/dev"];
/** What libav's own TLS reads. */
const TLS_FILES = ["/etc/ssl", "/etc/gnutls", "/etc/pki", "/usr/share/ca-certificates"];

/** The settings that determine what a camera's thread needs of the kernel. */
export type ConfinedStream =
  & Pick<CameraSettings, "demuxer" | "file" | "endpoint" | "allowRedirect">
  & Pick<StreamSettings, "decoder">;

/**
 * The confinement of every worker with native code, by its name among the manifest's parts; empty when it
 * is off. Workers whose libraries are not installed are omitted: they fail anyway.
 */
export function confinements(
  { cameras, detectors, confinement: { landlock } }: Settings,
  { libav, onnxruntime }: {
    readonly libav: LibavPaths | null;
    readonly onnxruntime: OnnxRuntimePlace | null;
  },
): ReadonlyMap<string, Confinement> {
  if (landlock === "off") return new Map();
  const required = landlock === "required";
  return new Map([
    ...libav === null ? [] : cameras.map((camera) =>
      [
        `capture ${camera.id}`,
        captureConfinement({ ...camera, ...camera.stream }, { required, library: libav.avutil }),
      ] as const
    ),
    ...onnxruntime === null ? [] : detectors.map((detector) =>
      [
        `inference ${detector.id}`,
        inferenceConfinement(detector.inference, { required, library: onnxruntime.binding }),
      ] as const
    ),
  ]);
}

/** A camera's thread reads the folder of its file, or connects to its ports. */
export function captureConfinement(
  { demuxer, file, endpoint, allowRedirect, decoder }: ConfinedStream,
  common: Pick<Confinement, "required" | "library">,
): Confinement {
  const hosts = endpoint === null ? [] : [endpoint, ...allowRedirect];
  // The folder too: a clip that is replaced, or played again, is another file.
  const clip = file === null ? [] : [file, dirname(file)];
  const drivers = decoder === "auto" ? [] : DRIVER_FILES;
  return {
    ...common,
    read: [...clip, ...drivers, ...endpoint !== null && demuxer === "libav" ? TLS_FILES : []],
    devices: decoder === "auto" ? [] : DEVICES,
    ports: hosts.map(({ port }) => port),
    resolves: hosts.some(({ hostname }) => isIP(hostname) === 0),
  };
}

/** An inference thread has read its model before; another model gets another thread. */
export function inferenceConfinement(
  { providers }: Pick<InferenceSettings, "providers">,
  common: Pick<Confinement, "required" | "library">,
): Confinement {
  const onProcessor = providers.every((provider) => provider === "cpu");
  return {
    ...common,
    read: onProcessor ? PROCESSOR_FILES : DRIVER_FILES,
    devices: onProcessor ? [] : DEVICES,
    ports: [],
    resolves: false,
  };
}

/** Describes it in a few words, for the list of permissions. */
export function confinementText({ read, devices, ports, resolves }: Confinement): string {
  const parts = [
    ...read.length === 0 ? [] : [`read ${read.join(", ")}`],
    ...devices.length === 0 ? [] : [`use ${devices.join(", ")}`],
    ...resolves ? ["resolve names"] : [],
    ...ports.length === 0 ? [] : [`connect to TCP port ${[...new Set(ports)].join(", ")}`],
  ];
  return parts.length === 0 ? "nothing" : parts.join("; ");
}
