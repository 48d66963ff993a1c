import { LibraryError } from "../core/errors.ts";
import type { Calls } from "./pointers.ts";

/** Opens one library. @throws {LibraryError} `LIBAV_MISSING` when it cannot be loaded */
export function openLibrary<const T extends Deno.ForeignLibraryInterface>(
  path: string,
  table: T,
): { readonly calls: Calls<T>; readonly close: () => void } {
  try {
    const library = Deno.dlopen(path, table);
    // The branded pointers exist for the compiler alone: at run time both are the same functions.
    return { calls: library.symbols as unknown as Calls<T>, close: () => library.close() };
  } catch (error) {
    // A missing permission is not a missing library: it says itself what is wrong.
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new LibraryError({
      code: "LIBAV_MISSING",
      message: `Cannot load ${path}: ${reason}`,
      retryable: false,
      remedy: "Install FFmpeg's libraries (Debian, Ubuntu: apt-get install ffmpeg).",
    }, { cause: error });
  }
}
