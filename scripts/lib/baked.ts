/** Computes the permissions baked into the single program, which has no launcher to do so. */
import { join } from "node:path";
import { loadSettings } from "../../src/config/load.ts";
import { RELEASES } from "../../src/libav/layouts.ts";
import { type Grant, grant, union } from "../../src/permissions/grant.ts";
import { permissionManifest } from "../../src/permissions/manifest.ts";
import type { Target } from "./targets.ts";

export interface BakedOptions {
  readonly target: Target;
  /** The folder it will be installed in; its contents are unpacked below it. */
  readonly at: string;
  /** The configuration to grant, a file of this machine, or null for the general set. */
  readonly config: string | null;
  /** The path that the configuration will have on the target. */
  readonly configAt: string;
}

/** Name of the installed program: Deno's runtime unpacks it into a hidden folder of this name. */
export const PROGRAM_NAME = "orion";

/** The folder that the general set may read: configuration, models and secrets. */
const GENERAL_FOLDER = "/etc/orion";

/**
 * Cameras of the general set: private and link-local addresses (RFC 1918, RFC 3927), this machine, and
 * its own UDP ports. A worker is still granted its own camera's address alone.
 */
const CAMERA_NETWORKS = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"],
  "0.0.0.0",
];

/**
 * With a configuration: exactly what it needs. Without one, the general set: cameras at private
 * addresses, the embedded broker and HTTP at their default addresses, and {@link GENERAL_FOLDER}.
 *
 * The program's folder is granted whole, since the subfolder it unpacks into is not known, and libav under
 * every name it can have. What it unpacks it may write, to have it repaired, until it has verified it.
 * Workers are granted no more than elsewhere.
 */
export function bakedGrant({ target, at, config, configAt }: BakedOptions): Grant {
  const settings = loadSettings({
    // Paths in it are relative to its folder on the target.
    path: config === null ? null : configAt,
    root: at,
    // Only the names of variables are baked in; any value will do.
    env: () => "1",
    readText: (path) => Deno.readTextFileSync(path === configAt && config !== null ? config : path),
    putOffSecrets: true,
  });
  const places = { root: at, libav: null, onnxruntime: null };
  const libav = libavNames(target);
  const own = grant("", {
    read: [at, ...libav, ...(config === null ? [GENERAL_FOLDER] : [])],
    write: [join(at, `.${PROGRAM_NAME}`)],
    ffi: [at, ...libav],
    net: config === null ? CAMERA_NETWORKS : [],
  });
  return union("runs Orion", [permissionManifest(settings, places).process, own]);
}

/** Every path that libav's four libraries can have on the target. */
function libavNames({ arch }: Target): string[] {
  const folders = [`/usr/lib/${arch}-linux-gnu`, `/lib/${arch}-linux-gnu`]
    .concat("/usr/local/lib", "/usr/lib64", "/usr/lib");
  const files = RELEASES.flatMap(({ avutil, avcodec, avformat, swscale }) => [
    `libavutil.so.${avutil}`,
    `libavcodec.so.${avcodec}`,
    `libavformat.so.${avformat}`,
    `libswscale.so.${swscale}`,
  ]);
  return folders.flatMap((folder) => files.map((file) => join(folder, file)));
}
