import { redactText } from "../core/redact.ts";
import { AVERROR, type LibavCode, LibavError } from "./error.ts";
import type { InputRequest } from "./input.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString, outOfMemory } from "./memory.ts";
import { forbiddenProtocol } from "./options.ts";
import { type Cell, NULL, type Ptr } from "./pointers.ts";

const DICT_IGNORE_SUFFIX = 2;

/**
 * The native memory of one `avformat_open_input`: all of it outlives the turn in which a nonblocking
 * call begins. Disposing frees it, and the context too unless that was taken.
 */
export class Opening implements Disposable {
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
    // It is copied when the input opens: it has to be there before.
    const callback = context + BigInt(libav.set.layout.AVFormatContext.interruptCallback);
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

  /** Those of `avformat_open_input`, in order. */
  get arguments(): [
    ps: Cell<"AVFormatContext">,
    url: Ptr<"char">,
    fmt: Ptr<"AVInputFormat">,
    options: Cell<"AVDictionary">,
  ] {
    return [this.#context, this.#url, this.#format, this.#options];
  }

  /** The context: NULL after a failed open, which frees it. */
  get context(): Ptr<"AVFormatContext"> {
    return this.#libav.memory.load(this.#context);
  }

  /** Throws unless the open succeeded and understood every option. */
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

  /** Hands the context over, with the duty to close it and to release the interrupt. */
  take(): Ptr<"AVFormatContext"> {
    this.#taken = true;
    const context = this.context;
    this.#libav.memory.writeU64(this.#context, NULL);
    return context;
  }

  [Symbol.dispose](): void {
    const { avformat, avutil, memory } = this.#libav;
    // Does nothing when there is no context (any more).
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
    // All that libav says of it is "invalid argument".
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

  /** The RTSP demuxer answers "invalid data" to an interrupt and to a timeout alike. */
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
