import { LibraryError } from "../core/errors.ts";
import type { OpenedLibrary } from "./library.ts";
import type { Calls } from "./pointers.ts";

/**
 * Loads one library with the functions of a symbol table.
 * @throws {LibraryError} `LIBAV_MISSING` when it cannot be loaded
 */
export function openLibrary<const T extends Deno.ForeignLibraryInterface>(
  path: string,
  table: T,
): OpenedLibrary<T> {
  try {
    const library = Deno.dlopen(path, table);
    // Branded pointers exist at compile time only: at run time both are the same functions.
    return { calls: library.symbols as unknown as Calls<T>, close: () => library.close() };
  } catch (error) {
    // A denied permission is not a missing library, and its error names the permission.
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
