import type { LibavPaths } from "../core/camera_types.ts";
import { LibraryError, LifecycleError } from "../core/errors.ts";
import { checkEndToEnd } from "./check_clip.ts";
import { checkLayout } from "./check_layout.ts";
import { LibavError, type LibavFailure } from "./error.ts";
import { returnLargeBlocks } from "./allocator.ts";
import { openLibrary } from "./open_library.ts";
import { type Release, RELEASES, supportedReleases } from "./layouts.ts";
import { cString, NativeMemory } from "./memory.ts";
import type { Calls } from "./pointers.ts";
import { ThreadClock } from "./thread_clock.ts";
import { AVCODEC, AVFORMAT, AVUTIL, SWSCALE } from "./symbols.ts";

/** libav writes to standard error itself; Orion reports return codes instead. */
const LOG_QUIET = -8;
/** Above this level request headers, and with them credentials, are printed. */
const LOG_VERBOSE = 40;
const MAX_ERROR_TEXT_BYTES = 256;

/** The versions of the four libraries, as "57.28.100". */
export interface LibavVersions {
  readonly avutil: string;
  readonly avcodec: string;
  /** null: not opened. */
  readonly avformat: string | null;
  readonly swscale: string;
}

export interface OpenLibavOptions {
  /** What libav may print to standard error; never more than VERBOSE (40). Silent (-8) if absent. */
  readonly logLevel?: number;
  /** The sets of libraries that are accepted, for tests. */
  readonly releases?: readonly Release[];
  /** false: libavformat is not opened, so that {@link Input} cannot be used. Absent: true. */
  readonly demux?: boolean;
}

/**
 * The four libraries, open and checked. Everything else in this folder is made from one of these.
 *
 * It owns the library handles. What was made from it has to be disposed of first.
 */
export class Libav implements Disposable {
  readonly versions: LibavVersions;
  /** The set these libraries belong to, and the layout of its structs. */
  readonly set: Release;
  /** What the self-check could not check, and why; mostly nothing. For the log. */
  readonly notes: readonly string[];
  readonly #opened: OpenedLibraries;
  readonly #memory: NativeMemory;
  readonly #threadClock: ThreadClock;
  readonly #alive = new Map<string, number>();
  readonly #pixelFormats = new Map<number, string>();
  #closed = false;

  /** Use {@link openLibav}, which checks what it opens. */
  constructor(opened: OpenedLibraries, set: Release, notes: readonly string[]) {
    this.#opened = opened;
    this.notes = notes;
    this.set = set;
    this.#memory = new NativeMemory(opened.avutil.calls);
    this.#threadClock = new ThreadClock(opened.avutil.calls);
    this.versions = versionsOf(opened);
  }

  get avutil(): Calls<typeof AVUTIL> {
    this.#assertOpen();
    return this.#opened.avutil.calls;
  }

  get avcodec(): Calls<typeof AVCODEC> {
    this.#assertOpen();
    return this.#opened.avcodec.calls;
  }

  /** @throws {LifecycleError} when these libraries were opened to decode only */
  get avformat(): Calls<typeof AVFORMAT> {
    this.#assertOpen();
    const { avformat } = this.#opened;
    if (avformat === null) throw new LifecycleError("libavformat was not opened");
    return avformat.calls;
  }

  /** Whether libavformat was opened: {@link Input} needs it. */
  get canDemux(): boolean {
    return this.#opened.avformat !== null;
  }

  get swscale(): Calls<typeof SWSCALE> {
    this.#assertOpen();
    return this.#opened.swscale.calls;
  }

  get memory(): NativeMemory {
    this.#assertOpen();
    return this.#memory;
  }

  /** As people call it: "5.x". */
  get release(): string {
    return this.set.release;
  }

  /** libav's own words for a return code. */
  errorText(averror: number): string {
    const text = new Uint8Array(MAX_ERROR_TEXT_BYTES);
    this.avutil.av_strerror(averror, text, BigInt(text.byteLength));
    const end = text.indexOf(0);
    return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
  }

  /** Processor time of the calling thread, in milliseconds: for intervals. */
  threadMs(): number {
    this.#assertOpen();
    return this.#threadClock.nowMs();
  }

  /** A named error from a return code. */
  error(failure: Omit<LibavFailure, "text">): LibavError {
    return new LibavError({ ...failure, text: this.errorText(failure.averror) });
  }

  /** The name of a pixel format's number: "yuv420p". The numbers differ between releases. */
  pixelFormatName(format: number): string {
    const known = this.#pixelFormats.get(format);
    if (known !== undefined) return known;
    const name = this.memory.text(this.avutil.av_get_pix_fmt_name(format)) || `unknown(${format})`;
    this.#pixelFormats.set(format, name);
    return name;
  }

  /** The number of a pixel format in these libraries, or null when they don't know it. */
  pixelFormat(name: string): number | null {
    const format = this.avutil.av_get_pix_fmt(cString(name));
    return format < 0 ? null : format;
  }

  /** How many objects made from this are not disposed of. */
  get alive(): number {
    let sum = 0;
    for (const count of this.#alive.values()) sum += count;
    return sum;
  }

  /** Notes that an object of this kind came (1) or went (-1). */
  count(kind: string, change: 1 | -1): void {
    this.#assertOpen();
    this.#alive.set(kind, (this.#alive.get(kind) ?? 0) + change);
  }

  /**
   * Closes the libraries.
   * @throws {LifecycleError} while something made from them is still alive
   */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    const left = [...this.#alive].filter(([, count]) => count > 0);
    if (left.length > 0) {
      const what = left.map(([kind, count]) => `${count} ${kind}`).join(", ");
      throw new LifecycleError(`the libav libraries cannot be closed, still in use: ${what}`);
    }
    this.#closed = true;
    closeAll(this.#opened);
  }

  /** A function of a closed library is unmapped memory: calling it ends the process. */
  #assertOpen(): void {
    if (this.#closed) throw new LifecycleError("the libav libraries are closed");
  }
}

interface OpenedLibrary<T> {
  readonly path: string;
  readonly calls: Calls<T>;
  readonly close: () => void;
}

/** The handles, in the order in which they depend on one another. */
export interface OpenedLibraries {
  readonly avutil: OpenedLibrary<typeof AVUTIL>;
  readonly avcodec: OpenedLibrary<typeof AVCODEC>;
  readonly avformat: OpenedLibrary<typeof AVFORMAT> | null;
  readonly swscale: OpenedLibrary<typeof SWSCALE>;
}

/**
 * Opens the libraries, and makes sure that they are what this program was written for: their
 * versions belong together and are known, the struct fields it reads are where its table says, and a
 * tiny clip decodes to what is known to be in it.
 *
 * Needs `ffi` for these paths and nothing else; for libavformat's only to demux.
 *
 * @throws {LibraryError} `LIBAV_MISSING` (a file cannot be loaded), `LIBAV_UNSUPPORTED` (a version
 *   that is not known, or a mixture, or one without a part Orion needs), `LIBAV_LAYOUT` (a field is
 *   not where it should be)
 */
export function openLibav(paths: LibavPaths, options: OpenLibavOptions = {}): Libav {
  const opened = openAll(paths, options.demux ?? true);
  try {
    const notes: string[] = [];
    const libav = new Libav(opened, setOf(opened, options.releases ?? RELEASES), notes);
    returnLargeBlocks(opened.avutil.calls);
    libav.avutil.av_log_set_level(Math.min(options.logLevel ?? LOG_QUIET, LOG_VERBOSE));
    checkLayout(libav);
    const unchecked = checkEndToEnd(libav);
    if (unchecked !== null) notes.push(unchecked);
    requireTensorFormat(libav);
    return libav;
  } catch (error) {
    closeAll(opened);
    throw error;
  }
}

/** The layout of what `sws_scale` writes: see `converter.ts`. */
export const TENSOR_FORMAT = "gbrpf32le";

function requireTensorFormat(libav: Libav): void {
  const format = libav.pixelFormat(TENSOR_FORMAT);
  if (format !== null && libav.swscale.sws_isSupportedOutput(format) > 0) return;
  throw new LibraryError({
    code: "LIBAV_UNSUPPORTED",
    message: `Cannot use libswscale ${libav.versions.swscale}: it does not write ${TENSOR_FORMAT}`,
    retryable: false,
    remedy: "Install FFmpeg 4.3 or newer.",
  });
}

function openAll(paths: LibavPaths, demux: boolean): OpenedLibraries {
  const closers: (() => void)[] = [];
  const open = <const T extends Deno.ForeignLibraryInterface>(
    path: string,
    table: T,
  ): OpenedLibrary<T> => {
    const { calls, close } = openLibrary(path, table);
    closers.push(close);
    return { path, calls, close };
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

function closeAll(opened: OpenedLibraries): void {
  opened.swscale.close();
  opened.avformat?.close();
  opened.avcodec.close();
  opened.avutil.close();
}

function versionsOf(opened: OpenedLibraries): LibavVersions {
  const text = (version: number) => `${version >>> 16}.${(version >>> 8) & 255}.${version & 255}`;
  return {
    avutil: text(opened.avutil.calls.avutil_version()),
    avcodec: text(opened.avcodec.calls.avcodec_version()),
    avformat: opened.avformat === null ? null : text(opened.avformat.calls.avformat_version()),
    swscale: text(opened.swscale.calls.swscale_version()),
  };
}

function setOf(opened: OpenedLibraries, releases: readonly Release[]): Release {
  const set = releases.find((row) =>
    row.avutil === opened.avutil.calls.avutil_version() >>> 16 &&
    row.avcodec === opened.avcodec.calls.avcodec_version() >>> 16 &&
    (opened.avformat === null ||
      row.avformat === opened.avformat.calls.avformat_version() >>> 16) &&
    row.swscale === opened.swscale.calls.swscale_version() >>> 16
  );
  if (set !== undefined) return set;
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
