import type { LibavPaths } from "../core/camera_types.ts";
import { openLibrary } from "./open_library.ts";

/**
 * Keeps the four libraries in memory for as long as the process lives.
 *
 * Deno closes the libraries of a worker when it terminates the worker. If no other thread has them
 * open, they are unmapped, and a native call of the worker that is still running crashes the process.
 * Opening them in a thread that outlives all workers prevents this.
 *
 * Skips libraries without the permission: the worker that needs them reports it.
 */
export function pinLibav(paths: LibavPaths): void {
  // In the order of their dependencies, without looking up any symbol.
  for (const path of [paths.avutil, paths.avcodec, paths.avformat, paths.swscale]) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state === "granted") {
      openLibrary(path, {});
    }
  }
}
