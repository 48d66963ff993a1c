/** The permissions that are baked into the single binary, which has no launcher to compute them. */
import { join, resolve } from "node:path";
import { loadSettings } from "../../src/config/load.ts";
import { RELEASES } from "../../src/libav/layouts.ts";
import { type Grant, grant, union } from "../../src/permissions/grant.ts";
import { permissionManifest } from "../../src/permissions/manifest.ts";
import type { Target } from "./targets.ts";

export interface BakedOptions {
  readonly target: Target;
  /** The folder that the binary will lie in; what it holds is unpacked below it when it first runs. */
  readonly at: string;
  /** The configuration it is made for, or null for the general set. */
  readonly config: string | null;
}

/** Where the general set's configuration, its models and its secrets may be. */
export const GENERAL_FOLDER = "/etc/orion";

/**
 * Where cameras of the general set may be: private and link-local addresses (RFC 1918, RFC 3927), this
 * machine, and its own UDP ports. A worker still gets its own camera's address alone.
 */
const CAMERA_NETWORKS = [
  ...["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8"],
  "0.0.0.0",
];

/**
 * For a configuration: exactly what it needs, its paths as they stand. Without one, the general set:
 * cameras at private addresses, the embedded broker and HTTP at their usual addresses, and what is in
 * {@link GENERAL_FOLDER}.
 *
 * Where the binary unpacks itself is known by its folder only, and which libav it will find not at all:
 * the folder is granted, and libav by every name it can have. Its workers get no more than ever.
 */
export function bakedGrant({ target, at, config }: BakedOptions): Grant {
  const settings = loadSettings({
    path: config === null ? null : resolve(config),
    root: at,
    // Only the names of variables are baked in; a value need only be there.
    env: () => "1",
    readText: (path) => Deno.readTextFileSync(path),
    putOffSecrets: true,
  });
  const places = { root: at, libav: null, onnxruntime: null };
  const libav = libavNames(target);
  const own = grant("", {
    read: [at, ...libav, ...(config === null ? [GENERAL_FOLDER] : [])],
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
