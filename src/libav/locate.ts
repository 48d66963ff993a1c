import type { LibavPaths } from "../core/camera_types.ts";
import { LibraryError } from "../core/errors.ts";
import { allowFlag } from "../core/missing_grant.ts";
import { type Release, RELEASES, supportedReleases } from "./layouts.ts";

const TRIPLETS: Readonly<Record<string, string>> = {
  x86_64: "x86_64-linux-gnu",
  aarch64: "aarch64-linux-gnu",
};
const TRIPLET = TRIPLETS[Deno.build.arch] ?? `${Deno.build.arch}-linux-gnu`;

/** Search path for libav. {@link locateLibav} needs read permission for it, nothing else. */
export const LIBAV_FOLDERS: readonly string[] = [
  `/usr/lib/${TRIPLET}`,
  `/lib/${TRIPLET}`,
  "/usr/local/lib",
  "/usr/lib64",
  "/usr/lib",
];

const NAMES = ["avutil", "avcodec", "avformat", "swscale"] as const;
type Name = (typeof NAMES)[number];

export interface LocateOptions {
  /** Absolute path that is searched first. */
  readonly folder?: string;
  /** Replaces {@link LIBAV_FOLDERS}, for tests. */
  readonly folders?: readonly string[];
}

/**
 * Finds the four libav libraries by their versioned names, the newest release first. All four are of
 * one release and from one folder: a mixture would load, and then read the wrong struct fields. Opens
 * none of them.
 *
 * @returns absolute paths, spelled as the `ffi` permission must name them
 * @throws {LibraryError} `LIBAV_MISSING` with the files searched for, those found and what to install
 */
export function locateLibav(options: LocateOptions = {}): LibavPaths {
  const usual = options.folders ?? LIBAV_FOLDERS;
  const { folder } = options;
  const found = (folder === undefined ? null : search([folder])) ?? search(usual);
  if (found !== null) return found;
  throw missing(folder === undefined ? usual : [folder, ...usual]);
}

/** Every path that is searched in these folders. */
export function libavPaths(folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    RELEASES.flatMap((row) => NAMES.map((name) => pathOf(folder, name, row)))
  );
}

function search(folders: readonly string[]): LibavPaths | null {
  for (const row of RELEASES) {
    for (const folder of folders) {
      if (NAMES.every((name) => look(folder, name, row) === "found")) {
        return {
          avutil: pathOf(folder, "avutil", row),
          avcodec: pathOf(folder, "avcodec", row),
          avformat: pathOf(folder, "avformat", row),
          swscale: pathOf(folder, "swscale", row),
        };
      }
    }
  }
  return null;
}

function pathOf(folder: string, name: Name, row: Release): string {
  return `${folder.replace(/\/+$/, "")}/lib${name}.so.${row[name]}`;
}

function look(folder: string, name: Name, row: Release): "found" | "absent" | "denied" {
  try {
    return Deno.statSync(pathOf(folder, name, row)).isFile ? "found" : "absent";
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return "denied";
    if (error instanceof Deno.errors.PermissionDenied) return "denied";
    // Any other error (no such file, a broken link, not a folder): there is nothing to load.
    return "absent";
  }
}

function missing(folders: readonly string[]): LibraryError {
  const partial: string[] = [];
  const packages = new Set<string>();
  const denied = new Set<string>();
  for (const folder of folders) {
    for (const row of RELEASES) {
      const states = NAMES.map((name) => ({ name, state: look(folder, name, row) }));
      if (states.some(({ state }) => state === "denied")) denied.add(folder);
      const present = states.filter(({ state }) => state === "found");
      if (present.length === 0) continue;
      const absent = states.filter(({ state }) => state !== "found");
      partial.push(
        `${folder} has ${present.map(({ name }) => soname(name, row)).join(", ")}` +
          ` but not ${absent.map(({ name }) => soname(name, row)).join(", ")}`,
      );
      for (const { name } of absent) packages.add(`lib${name}${row[name]}`);
    }
  }
  const install = packages.size > 0 ? [...packages].join(" ") : "ffmpeg";
  const found = partial.length > 0 ? partial.join("; ") : "none of them was found";
  const unread = denied.size > 0 ? `; no permission to read ${[...denied].join(", ")}` : "";
  const permit = denied.size > 0
    ? `, or permit reading the folder that has them: ${allowFlag("read", [...denied])}`
    : "";
  return new LibraryError({
    code: "LIBAV_MISSING",
    message:
      `Cannot find libavutil, libavcodec, libavformat and libswscale of one FFmpeg release, ` +
      `${supportedReleases()}, in ${folders.join(", ")}: ${found}${unread}`,
    retryable: false,
    remedy: `Install them (Debian, Ubuntu: apt-get install ${install})${permit}.`,
  });
}

function soname(name: Name, row: Release): string {
  return `lib${name}.so.${row[name]}`;
}
