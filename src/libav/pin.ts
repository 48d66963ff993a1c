import type { LibavPaths } from "../core/camera_types.ts";
import { openLibrary } from "./open_library.ts";

/**
 * Keeps the four libraries in memory for as long as the process lives.
 *
 * When a worker is terminated Deno closes the libraries it opened. If it was the last to have them,
 * they are unmapped, and a native call of its that had not returned yet ends the whole process. A
 * thread that outlives all workers holds on to them, so that this cannot happen.
 *
 * What may not be loaded is passed over: the worker that needs it says so.
 */
export function pinLibav(paths: LibavPaths): void {
  // In the order in which they depend on one another; no symbol is looked up.
  for (const path of [paths.avutil, paths.avcodec, paths.avformat, paths.swscale]) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state === "granted") {
      openLibrary(path, {});
    }
  }
}
