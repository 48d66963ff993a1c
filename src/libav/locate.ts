import type { LibavPaths } from "../core/camera_types.ts";
import { LibraryError } from "../core/errors.ts";
import { type Release, RELEASES, supportedReleases } from "./layouts.ts";

const TRIPLETS: Readonly<Record<string, string>> = {
  x86_64: "x86_64-linux-gnu",
  aarch64: "aarch64-linux-gnu",
};
const TRIPLET = TRIPLETS[Deno.build.arch] ?? `${Deno.build.arch}-linux-gnu`;

/** Where libav is looked for, in this order. {@link locateLibav} needs to read them, no more. */
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
  /** An absolute path that is looked into before any other. */
  readonly folder?: string;
  /** Instead of {@link LIBAV_FOLDERS}, for tests. */
  readonly folders?: readonly string[];
}

/**
 * Finds the four libav libraries by their versioned names, the newest release first, all four from
 * one release and one folder: a mixture would load, and then read nonsense. Opens nothing.
 *
 * @returns absolute paths, spelled as the `ffi` permission has to name them
 * @throws {LibraryError} `LIBAV_MISSING` with what was looked for, what is there and what to install
 */
export function locateLibav(options: LocateOptions = {}): LibavPaths {
  const usual = options.folders ?? LIBAV_FOLDERS;
  const { folder } = options;
  const found = (folder === undefined ? null : search([folder])) ?? search(usual);
  if (found !== null) return found;
  throw missing(folder === undefined ? usual : [folder, ...usual]);
}

/** Every path that is looked at in these folders. */
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
    // Anything else (no such file, a broken link, not a folder) leaves nothing to load.
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
      const there = states.filter(({ state }) => state === "found");
      if (there.length === 0) continue;
      const lacking = states.filter(({ state }) => state !== "found");
      partial.push(
        `${folder} has ${there.map(({ name }) => soname(name, row)).join(", ")}` +
          ` but not ${lacking.map(({ name }) => soname(name, row)).join(", ")}`,
      );
      for (const { name } of lacking) packages.add(`lib${name}${row[name]}`);
    }
  }
  const install = packages.size > 0 ? [...packages].join(" ") : "ffmpeg";
  const found = partial.length > 0 ? partial.join("; ") : "none of them is there";
  const unread = denied.size > 0 ? `; no permission to read ${[...denied].join(", ")}` : "";
  return new LibraryError({
    code: "LIBAV_MISSING",
    message:
      `Cannot find libavutil, libavcodec, libavformat and libswscale of one FFmpeg release, ` +
      `${supportedReleases()}, in ${folders.join(", ")}: ${found}${unread}`,
    retryable: false,
    remedy: `Install them (Debian, Ubuntu: apt-get install ${install}).`,
  });
}

function soname(name: Name, row: Release): string {
  return `lib${name}.so.${row[name]}`;
}
