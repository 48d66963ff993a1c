import { type Clock, systemClock } from "../core/clock.ts";
import { type Orientation, pixelAspectOf } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";
import { redactText } from "../core/redact.ts";
import { AVERROR, type LibavCode } from "./error.ts";
import { streamOrientation } from "./display_matrix.ts";
import { Handle } from "./handle.ts";
import type { Interrupt } from "./interrupt.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { Opening } from "./opening.ts";
import { cString } from "./memory.ts";
import type { InputOptions } from "./options.ts";
import { NO_TIMESTAMP, type Packet } from "./packet.ts";
import { NULL, type Ptr } from "./pointers.ts";

const START_TIME = cString("start_time_realtime");
const MEDIA_TYPE_VIDEO = 0;
const SEEK_BACKWARD = 1;
const SEEK_BYTE = 2;
/** A demuxer may ask to be called again; one that does so for ever is at fault. */
const MAX_READ_ATTEMPTS = 100;

/** A fraction, as libav writes times and rates. */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** What an input is opened from. */
export interface InputRequest {
  /** A URL or a path, with credentials; goes nowhere but to libav. */
  readonly url: string;
  /** For the demuxer: see `rtspOptions` and `fileOptions`. One that libav does not know is an error. */
  readonly options: InputOptions;
  /** Ends a blocking call. It may serve several inputs one after the other. */
  readonly interrupt: Interrupt;
  /** The demuxer's name, instead of finding it out. */
  readonly format?: string;
  /** Read ahead to find what the container does not say. RTSP says enough. */
  readonly findStreamInfo: boolean;
  /** To tell a timeout from a bad answer. */
  readonly clock?: Clock;
}

/** The video stream of an input. */
export interface VideoStream {
  /** What its packets have as `streamIndex`. */
  readonly index: number;
  /** libav's name of the codec: "h264", "hevc". */
  readonly codecName: string;
  /** Pixels; 0x0 when only the first frame will tell. */
  readonly size: SizePx;
  /** Seconds of one unit of the packets' and frames' times. */
  readonly timeBase: Rational;
  /** Frames a second as announced, or null. */
  readonly frameRate: number | null;
  /** How the container wants it shown, or null where it does not say. */
  readonly orientation: Orientation | null;
  /** The width of a pixel by its height as the container says, or null. */
  readonly pixelAspect: number | null;
  /** Belongs to the input: valid until that is disposed of. */
  readonly codecpar: Ptr<"AVCodecParameters">;
}

/**
 * A demuxer: an open source whose packets are read one after the other.
 *
 * Owns the `AVFormatContext` and its connection.
 */
export class Input implements Disposable {
  /** The stream that is decoded. */
  readonly video: VideoStream;
  readonly #libav: Libav;
  readonly #context: Handle<"AVFormatContext">;
  readonly #interrupt: Interrupt;
  readonly #label: string;
  readonly #realtime = new DataView(new ArrayBuffer(128));
  #firstTimestamp: bigint | null = null;

  private constructor(libav: Libav, request: InputRequest, opening: Opening) {
    this.#libav = libav;
    this.#label = redactText(request.url);
    const { avformat } = libav;
    const context = opening.take();
    this.#context = new Handle(libav, "input", context, avformat.avformat_close_input);
    this.#interrupt = request.interrupt;
    try {
      this.video = this.#findVideo();
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Opens a source without blocking this thread.
   *
   * @throws {LibavError} with what is known of the cause; `STREAM_INTERRUPTED` when the interrupt was
   *   raised; `STREAM_NO_VIDEO`; `STREAM_OPTION` naming options that libav does not know. Nothing is
   *   left behind.
   */
  static async open(libav: Libav, request: InputRequest): Promise<Input> {
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
    return new Input(libav, request, opening);
  }

  /** The same, blocking: for files and memory. */
  static openSync(libav: Libav, request: InputRequest): Input {
    const { avformat } = libav;
    using opening = new Opening(libav, request);
    opening.checkOpened(avformat.avformat_open_input(...opening.arguments), 0);
    if (request.findStreamInfo) {
      opening.checkStreamInfo(avformat.avformat_find_stream_info(opening.context, NULL));
    }
    return new Input(libav, request, opening);
  }

  /**
   * Reads the next packet, of whichever stream, without blocking this thread. Only one read may be
   * pending; until it settles nobody may touch `packet`.
   *
   * @throws {LibavError} `STREAM_INTERRUPTED` when the interrupt was raised, else what happened
   * @throws {LifecycleError} while another read is pending
   */
  async read(packet: Packet): Promise<"packet" | "end"> {
    const { avformat, avcodec } = this.#libav;
    avcodec.av_packet_unref(packet.pointer);
    let result: number = AVERROR.EAGAIN;
    const context = this.#context.lend();
    try {
      const target = packet.handle.lend();
      try {
        for (let attempt = 0; result === AVERROR.EAGAIN && attempt < MAX_READ_ATTEMPTS; attempt++) {
          result = await avformat.av_read_frame_nonblocking(context, target);
        }
      } finally {
        packet.handle.giveBack();
      }
    } finally {
      this.#context.giveBack();
    }
    return this.#afterRead(packet, result);
  }

  /** The same, blocking: for files, where a read takes microseconds. */
  readSync(packet: Packet): "packet" | "end" {
    const { avformat, avcodec } = this.#libav;
    const context = this.#context.address;
    const target = packet.pointer;
    let result: number = AVERROR.EAGAIN;
    for (let attempt = 0; result === AVERROR.EAGAIN && attempt < MAX_READ_ATTEMPTS; attempt++) {
      avcodec.av_packet_unref(target);
      result = avformat.av_read_frame(context, target);
    }
    return this.#afterRead(packet, result);
  }

  /**
   * The camera's wall clock at presentation time 0, in milliseconds since the Unix epoch, from its first
   * RTCP sender report (`AVFormatContext.start_time_realtime`); null before that, and without one.
   */
  startRealtimeMs(): number | null {
    const { avutil } = this.#libav;
    const found = avutil.av_opt_get_int(this.#context.address, START_TIME, 0, this.#realtime);
    const microseconds = this.#realtime.getBigInt64(0, true);
    // 0 is what a context starts with in some releases.
    if (found < 0 || microseconds === NO_TIMESTAMP || microseconds === 0n) return null;
    return Number(microseconds) / 1000;
  }

  /**
   * Goes back to the first packet; the decoder has to be flushed as well.
   * @throws {LibavError} when the source cannot be sought in
   */
  seekToStart(): void {
    const { avformat } = this.#libav;
    const context = this.#context.address;
    const first = this.#firstTimestamp ?? 0n;
    let result = avformat.av_seek_frame(context, this.video.index, first, SEEK_BACKWARD);
    // A raw stream has no times to search by.
    if (result < 0) result = avformat.av_seek_frame(context, -1, 0n, SEEK_BYTE);
    if (result < 0) this.#fail("Cannot go back to the start of", result);
  }

  /**
   * Closes the source; harmless when done twice.
   * @throws {LifecycleError} while a read is pending: raise the interrupt and await the read first
   */
  [Symbol.dispose](): void {
    if (this.#context.disposed) return;
    this.#context.free();
    this.#interrupt.release();
  }

  #afterRead(packet: Packet, result: number): "packet" | "end" {
    if (this.#interrupt.raised) {
      // The rest of a frame that was cut off may have come; nobody wants it any more.
      packet.unref();
      return this.#fail("Cannot read from", result < 0 ? result : AVERROR.EXIT);
    }
    packet.refresh();
    if (result >= 0) {
      if (this.#firstTimestamp === null && packet.streamIndex === this.video.index) {
        this.#firstTimestamp = packet.dts ?? packet.pts;
      }
      return "packet";
    }
    if (result === AVERROR.EOF) return "end";
    return this.#fail("Cannot read from", result);
  }

  #findVideo(): VideoStream {
    const { avformat, avcodec, memory, set: { layout } } = this.#libav;
    const context = this.#context.address;
    const index = avformat.av_find_best_stream(context, MEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (index < 0) return this.#fail("Cannot find video in", index, "STREAM_NO_VIDEO");
    const streams = memory.u64(context + BigInt(STABLE.AVFormatContext.streams));
    const stream = memory.pointer<"AVStream">(streams + BigInt(8 * index));
    const codecpar = memory.pointer<"AVCodecParameters">(
      stream + BigInt(layout.AVStream.codecpar),
    );
    const timeBase = stream + BigInt(layout.AVStream.timeBase);
    const size = codecpar + BigInt(layout.AVCodecParameters.width);
    const aspect = stream + BigInt(layout.AVStream.sampleAspectRatio);
    const codecId = memory.i32(codecpar + BigInt(STABLE.AVCodecParameters.codecId));
    const rate = new DataView(avformat.av_guess_frame_rate(context, stream, NULL).buffer);
    const perSecond = rate.getInt32(0, true) / rate.getInt32(4, true);
    return {
      index,
      codecName: memory.text(avcodec.avcodec_get_name(codecId)),
      size: { width: memory.i32(size), height: memory.i32(size + 4n) },
      timeBase: { num: memory.i32(timeBase), den: memory.i32(timeBase + 4n) },
      frameRate: Number.isFinite(perSecond) && perSecond > 0 ? perSecond : null,
      orientation: streamOrientation(this.#libav, stream),
      pixelAspect: pixelAspectOf({ num: memory.i32(aspect), den: memory.i32(aspect + 4n) }),
      codecpar,
    };
  }

  #fail(action: string, averror: number, code?: LibavCode): never {
    throw this.#libav.error({
      action: `${action} ${this.#label}`,
      averror,
      code: this.#interrupt.raised ? "STREAM_INTERRUPTED" : code,
    });
  }
}
