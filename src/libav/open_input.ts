import { type Clock, systemClock } from "../core/clock.ts";
import { redactText } from "../core/redact.ts";
import { AVERROR, type LibavCode, LibavError } from "./error.ts";
import { Input } from "./input.ts";
import type { Interrupt } from "./interrupt.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString, outOfMemory } from "./memory.ts";
import { forbiddenProtocol, type InputOptions } from "./options.ts";
import { type Cell, NULL, type Ptr } from "./pointers.ts";

const DICT_IGNORE_SUFFIX = 2;

/** What to open, and how. */
export interface InputRequest {
  /** URL or path, with credentials; passed to libav only. */
  readonly url: string;
  /** Demuxer options: see `rtspOptions` and `fileOptions`. Unknown ones are errors. */
  readonly options: InputOptions;
  /** Ends a blocking call. It may serve several inputs in turn. */
  readonly interrupt: Interrupt;
  /** Demuxer name; default: detected. */
  readonly format?: string;
  /** Reads ahead to find what the container does not announce. Not needed for RTSP. */
  readonly findStreamInfo: boolean;
  /** Distinguishes a timeout from an invalid answer. */
  readonly clock?: Clock;
}

/**
 * Opens a source without blocking this thread.
 *
 * @throws {LibavError} with the cause as far as known; `STREAM_INTERRUPTED` when the interrupt was
 *   raised; `STREAM_NO_VIDEO`; `STREAM_OPTION` naming options that libav does not know. Nothing is
 *   left open.
 */
export async function openInput(libav: Libav, request: InputRequest): Promise<Input> {
  const { avformat } = libav;
  const clock = request.clock ?? systemClock;
  using opening = new Opening(libav, request);
  const startedMs = clock.nowMs();
  const opened = await avformat.avformat_open_input_nonblocking(...opening.arguments);
  opening.checkOpened(opened, clock.nowMs() - startedMs);
  if (request.findStreamInfo) {
    const { context } = opening;
    const found = await avformat.avformat_find_stream_info_nonblocking(context, NULL);
    opening.checkStreamInfo(found);
  }
  return opening.input();
}

/** Like {@link openInput}, but blocking: for files and memory. */
export function openInputSync(libav: Libav, request: InputRequest): Input {
  const { avformat } = libav;
  using opening = new Opening(libav, request);
  opening.checkOpened(avformat.avformat_open_input(...opening.arguments), 0);
  if (request.findStreamInfo) {
    opening.checkStreamInfo(avformat.avformat_find_stream_info(opening.context, NULL));
  }
  return opening.input();
}

/**
 * The native memory of one `avformat_open_input`, which outlives the event loop turn that starts a
 * nonblocking call. Disposing frees it, and the context too unless an input has taken it over.
 */
class Opening implements Disposable {
  readonly #libav: Libav;
  readonly #request: InputRequest;
  readonly #context: Cell<"AVFormatContext">;
  readonly #options: Cell<"AVDictionary">;
  readonly #url: Ptr<"char">;
  readonly #format: Ptr<"AVInputFormat">;
  #taken = false;

  constructor(libav: Libav, request: InputRequest) {
    this.#libav = libav;
    this.#request = request;
    const { avformat, memory } = libav;
    this.#format = this.#findFormat(request.format);
    const options = Object.entries(request.options).map(([name, value]) =>
      [cString(name), cString(value)] as const
    );
    const flag = request.interrupt.retain();
    this.#url = memory.string(request.url);
    const context = avformat.avformat_alloc_context();
    if (context === NULL) throw outOfMemory("an input");
    // libav copies the callback while it opens the input.
    const callback = context + BigInt(libav.release.layout.AVFormatContext.interruptCallback);
    memory.writeU64(
      callback + BigInt(STABLE.AVIOInterruptCB.callback),
      request.interrupt.callback,
    );
    memory.writeU64(callback + BigInt(STABLE.AVIOInterruptCB.opaque), flag);
    this.#context = memory.cell(context);
    this.#options = memory.cell<"AVDictionary">();
    for (const [name, value] of options) {
      libav.avutil.av_dict_set(this.#options, name, value, 0);
    }
  }

  /** The arguments of `avformat_open_input`. */
  get arguments(): [
    ps: Cell<"AVFormatContext">,
    url: Ptr<"char">,
    fmt: Ptr<"AVInputFormat">,
    options: Cell<"AVDictionary">,
  ] {
    return [this.#context, this.#url, this.#format, this.#options];
  }

  /** The context; NULL after a failed open, which frees it. */
  get context(): Ptr<"AVFormatContext"> {
    return this.#libav.memory.load(this.#context);
  }

  /** Throws unless the open succeeded and accepted every option. */
  checkOpened(result: number, elapsedMs: number): void {
    this.#check("Cannot open", result, elapsedMs);
    const unknown = this.#unknownOptions();
    if (unknown.length === 0) return;
    throw new LibavError({
      action: `Cannot open ${redactText(this.#request.url)}`,
      averror: AVERROR.OPTION_NOT_FOUND,
      text: `libav does not know the options ${unknown.join(", ")}`,
    });
  }

  /** Throws unless the streams were found. */
  checkStreamInfo(result: number): void {
    this.#check("Cannot find the streams of", result, 0);
  }

  /** Makes the input, which takes over the context and the interrupt. */
  input(): Input {
    this.#taken = true;
    const { context } = this;
    this.#libav.memory.writeU64(this.#context, NULL);
    const { interrupt, url } = this.#request;
    return new Input(this.#libav, { context, interrupt, url });
  }

  [Symbol.dispose](): void {
    const { avformat, avutil, memory } = this.#libav;
    // No-op when the cell holds NULL.
    avformat.avformat_close_input(this.#context);
    avutil.av_dict_free(this.#options);
    memory.free(this.#options);
    memory.free(this.#context);
    memory.free(this.#url);
    if (!this.#taken) this.#request.interrupt.release();
  }

  #check(action: string, averror: number, elapsedMs: number): void {
    const { interrupt, url, options } = this.#request;
    if (averror >= 0 && !interrupt.raised) return;
    // libav reports a protocol outside of the whitelist as "invalid argument".
    const forbidden = averror === AVERROR.EINVAL ? forbiddenProtocol(url, options) : null;
    if (forbidden !== null) {
      throw new LibavError({
        action: `${action} ${redactText(url)}`,
        averror,
        text: `the protocol ${forbidden} is not allowed here`,
        code: "STREAM_PROTOCOL",
      });
    }
    throw this.#libav.error({
      action: `${action} ${redactText(url)}`,
      averror: averror < 0 ? averror : AVERROR.EXIT,
      code: this.#code(averror, elapsedMs),
      opening: true,
    });
  }

  /** The RTSP demuxer returns "invalid data" for an interrupt and for a timeout. */
  #code(averror: number, elapsedMs: number): LibavCode | undefined {
    const { interrupt, options } = this.#request;
    if (interrupt.raised) return "STREAM_INTERRUPTED";
    const timeoutMs = Number(options["timeout"] ?? options["stimeout"] ?? Infinity) / 1000;
    if (averror === AVERROR.INVALIDDATA && elapsedMs >= timeoutMs) return "STREAM_TIMEOUT";
    return undefined;
  }

  #findFormat(name: string | undefined): Ptr<"AVInputFormat"> {
    if (name === undefined) return NULL;
    const format = this.#libav.avformat.av_find_input_format(cString(name));
    if (format !== NULL) return format;
    throw this.#libav.error({
      action: `Cannot open an input of format ${name}`,
      averror: AVERROR.DEMUXER_NOT_FOUND,
    });
  }

  #unknownOptions(): string[] {
    const { avutil, memory } = this.#libav;
    const options = memory.load(this.#options);
    const any = cString("");
    const names: string[] = [];
    let entry = avutil.av_dict_get(options, any, NULL, DICT_IGNORE_SUFFIX);
    while (entry !== NULL) {
      names.push(memory.text(memory.pointer(entry + BigInt(STABLE.AVDictionaryEntry.key))));
      entry = avutil.av_dict_get(options, any, entry, DICT_IGNORE_SUFFIX);
    }
    return names;
  }
}
