import type { LibavPaths } from "../core/messages.ts";

/**
 * Keeps the four libraries in memory for as long as the process lives.
 *
 * When a worker is terminated Deno closes the libraries it opened. If it was the last to have them,
 * they are unmapped, and a native call of its that had not returned yet ends the whole process. A
 * thread that outlives all workers holds on to them, so that this cannot happen.
 *
 * Needs `ffi` for these four paths.
 */
export function pinLibav(paths: LibavPaths): void {
  // In the order in which they depend on one another; no symbol is looked up.
  for (const path of [paths.avutil, paths.avcodec, paths.avformat, paths.swscale]) {
    Deno.dlopen(path, {});
  }
}
