import type { LibavPaths } from "../core/camera_types.ts";
import type { Log } from "../core/log.ts";
import { LibraryError } from "../core/errors.ts";
import { returnLargeBlocks } from "./allocator.ts";
import { checkDecoding } from "./check_clip.ts";
import { checkLayout } from "./check_layout.ts";
import { type Release, RELEASES, supportedReleases } from "./layouts.ts";
import {
  closeAll,
  Libav,
  type OpenedLibraries,
  type OpenedLibrary,
  versionsOf,
} from "./library.ts";
import { openLibrary } from "./open_library.ts";
import { AVCODEC } from "./symbols/avcodec.ts";
import { AVFORMAT } from "./symbols/avformat.ts";
import { AVUTIL } from "./symbols/avutil.ts";
import { SWSCALE } from "./symbols/swscale.ts";
import { tensorFormat } from "./tensor_format.ts";

/** Silences libav, which would print to standard error: Orion reports return codes instead. */
const LOG_QUIET = -8;
/** Above this level libav prints request headers, which contain credentials. */
const LOG_VERBOSE = 40;

export interface OpenLibavOptions {
  /** Highest level that libav prints to standard error, capped at VERBOSE (40). Default: silent (-8). */
  readonly logLevel?: number;
  /** Releases that are accepted, for tests. */
  readonly releases?: readonly Release[];
  /** false: leaves libavformat closed, so that no {@link Input} can be opened. Default: true. */
  readonly demux?: boolean;
  /** Receives `libav.check_skipped` when the libraries cannot decode the test clip. */
  readonly log?: Log;
}

/**
 * Opens the libraries and verifies them: their versions are known and belong together, the struct
 * fields that Orion reads are where the layout table says, and a tiny clip decodes as expected.
 *
 * Needs the `ffi` permission for these paths only; for libavformat's only to demux.
 *
 * @throws {LibraryError} `LIBAV_MISSING` (a file cannot be loaded), `LIBAV_UNSUPPORTED` (an unknown
 *   version, a mixture of releases, or a missing feature), `LIBAV_LAYOUT` (a field is elsewhere)
 */
export function openLibav(paths: LibavPaths, options: OpenLibavOptions = {}): Libav {
  const opened = openAll(paths, options.demux ?? true);
  try {
    const libav = new Libav(opened, releaseOf(opened, options.releases ?? RELEASES));
    returnLargeBlocks(opened.avutil.calls);
    libav.avutil.av_log_set_level(Math.min(options.logLevel ?? LOG_QUIET, LOG_VERBOSE));
    selfTest(libav, options.log);
    return libav;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/**
 * Verifies open libraries, as {@link openLibav} does.
 * @throws {LibraryError} `LIBAV_LAYOUT`, `LIBAV_UNSUPPORTED`
 */
export function selfTest(libav: Libav, log?: Log): void {
  checkLayout(libav);
  const skipped = checkDecoding(libav);
  if (skipped !== null) log?.warning("libav.check_skipped", { reason: skipped });
  tensorFormat(libav);
}

/** Loads the libraries without checking them; the caller closes them. */
export function openAll(paths: LibavPaths, demux: boolean): OpenedLibraries {
  const closers: (() => void)[] = [];
  const open = <const T extends Deno.ForeignLibraryInterface>(
    path: string,
    table: T,
  ): OpenedLibrary<T> => {
    const library = openLibrary(path, table);
    closers.push(library.close);
    return library;
  };
  try {
    return {
      avutil: open(paths.avutil, AVUTIL),
      avcodec: open(paths.avcodec, AVCODEC),
      avformat: demux ? open(paths.avformat, AVFORMAT) : null,
      swscale: open(paths.swscale, SWSCALE),
    };
  } catch (error) {
    for (const close of closers.reverse()) close();
    throw error;
  }
}

/** Finds the release that these libraries belong to. */
function releaseOf(opened: OpenedLibraries, releases: readonly Release[]): Release {
  const release = releases.find((row) =>
    row.avutil === opened.avutil.calls.avutil_version() >>> 16 &&
    row.avcodec === opened.avcodec.calls.avcodec_version() >>> 16 &&
    (opened.avformat === null ||
      row.avformat === opened.avformat.calls.avformat_version() >>> 16) &&
    row.swscale === opened.swscale.calls.swscale_version() >>> 16
  );
  if (release !== undefined) return release;
  const found = versionsOf(opened);
  throw new LibraryError({
    code: "LIBAV_UNSUPPORTED",
    message: `Cannot use libavutil ${found.avutil}, libavcodec ${found.avcodec}, ` +
      (found.avformat === null ? "" : `libavformat ${found.avformat}, `) +
      `libswscale ${found.swscale}: Orion knows FFmpeg ` +
      `${supportedReleases(releases)}, each with the libraries of its own release`,
    retryable: false,
    remedy: "Install the libraries of one of these releases, or a newer Orion.",
  });
}
