import { LifecycleError } from "../core/errors.ts";
import { LibavError, type LibavFailure } from "./error.ts";
import type { Release } from "./layouts.ts";
import { cString, NativeMemory } from "./memory.ts";
import type { Calls } from "./pointers.ts";
import type { AVCODEC } from "./symbols/avcodec.ts";
import type { AVFORMAT } from "./symbols/avformat.ts";
import type { AVUTIL } from "./symbols/avutil.ts";
import type { SWSCALE } from "./symbols/swscale.ts";
import { ThreadClock } from "./thread_clock.ts";

const MAX_ERROR_TEXT_BYTES = 256;

/** Versions of the libraries, as "57.28.100". */
export interface LibavVersions {
  readonly avutil: string;
  readonly avcodec: string;
  /** null: not opened. */
  readonly avformat: string | null;
  readonly swscale: string;
}

/** One library and the functions of its symbol table. */
export interface OpenedLibrary<T> {
  readonly calls: Calls<T>;
  readonly close: () => void;
}

/** The libraries, in the order of their dependencies. */
export interface OpenedLibraries {
  readonly avutil: OpenedLibrary<typeof AVUTIL>;
  readonly avcodec: OpenedLibrary<typeof AVCODEC>;
  readonly avformat: OpenedLibrary<typeof AVFORMAT> | null;
  readonly swscale: OpenedLibrary<typeof SWSCALE>;
}

/**
 * The open libav libraries. Every other native object is made from one of these.
 *
 * Owns the library handles. Objects made from it must be disposed of first.
 */
export class Libav implements Disposable {
  readonly versions: LibavVersions;
  /** The release these libraries belong to, with the layout of its structs. */
  readonly release: Release;
  readonly #opened: OpenedLibraries;
  readonly #memory: NativeMemory;
  readonly #threadClock: ThreadClock;
  readonly #alive = new Map<string, number>();
  readonly #pixelFormats = new Map<number, string>();
  #closed = false;

  /** Use `openLibav`, which also checks the libraries. */
  constructor(opened: OpenedLibraries, release: Release) {
    this.#opened = opened;
    this.release = release;
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

  /** Describes a return code (`av_strerror`). */
  errorText(averror: number): string {
    const text = new Uint8Array(MAX_ERROR_TEXT_BYTES);
    this.avutil.av_strerror(averror, text, BigInt(text.byteLength));
    const end = text.indexOf(0);
    return new TextDecoder().decode(end < 0 ? text : text.subarray(0, end));
  }

  /** CPU time of the calling thread in milliseconds, for measuring intervals. */
  threadMs(): number {
    this.#assertOpen();
    return this.#threadClock.nowMs();
  }

  /** Makes an error from a return code. */
  error(failure: Omit<LibavFailure, "text">): LibavError {
    return new LibavError({ ...failure, text: this.errorText(failure.averror) });
  }

  /** Names a pixel format: "yuv420p". Its number differs between releases. */
  pixelFormatName(format: number): string {
    const known = this.#pixelFormats.get(format);
    if (known !== undefined) return known;
    const name = this.memory.text(this.avutil.av_get_pix_fmt_name(format)) || `unknown(${format})`;
    this.#pixelFormats.set(format, name);
    return name;
  }

  /** Looks a pixel format's number up by name; null when these libraries lack it. */
  pixelFormat(name: string): number | null {
    const format = this.avutil.av_get_pix_fmt(cString(name));
    return format < 0 ? null : format;
  }

  /** Number of objects made from these libraries and not yet disposed of. */
  get alive(): number {
    let sum = 0;
    for (const count of this.#alive.values()) sum += count;
    return sum;
  }

  /** Counts an object of this kind as created (1) or disposed of (-1). */
  count(kind: string, change: 1 | -1): void {
    this.#assertOpen();
    this.#alive.set(kind, (this.#alive.get(kind) ?? 0) + change);
  }

  /**
   * Closes the libraries.
   * @throws {LifecycleError} while an object made from them is not disposed of
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

  /** Functions of a closed library are unmapped: calling one crashes the process. */
  #assertOpen(): void {
    if (this.#closed) throw new LifecycleError("the libav libraries are closed");
  }
}

/** Reads the versions from the libraries themselves. */
export function versionsOf(opened: OpenedLibraries): LibavVersions {
  const text = (version: number) => `${version >>> 16}.${(version >>> 8) & 255}.${version & 255}`;
  return {
    avutil: text(opened.avutil.calls.avutil_version()),
    avcodec: text(opened.avcodec.calls.avcodec_version()),
    avformat: opened.avformat === null ? null : text(opened.avformat.calls.avformat_version()),
    swscale: text(opened.swscale.calls.swscale_version()),
  };
}

/** Closes libraries in the reverse order of their dependencies. */
export function closeAll(opened: OpenedLibraries): void {
  opened.swscale.close();
  opened.avformat?.close();
  opened.avcodec.close();
  opened.avutil.close();
}
