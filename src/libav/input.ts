import { redactText } from "../core/redact.ts";
import { AVERROR, type LibavCode } from "./error.ts";
import { Handle } from "./handle.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import { NO_TIMESTAMP, type Packet } from "./packet.ts";
import type { Ptr } from "./pointers.ts";
import { findVideoStream, type VideoStream } from "./video_stream.ts";

const START_TIME = cString("start_time_realtime");
const SEEK_BACKWARD = 1;
const SEEK_BYTE = 2;
/** A demuxer may return EAGAIN; one that keeps doing so is broken. */
const MAX_READ_ATTEMPTS = 100;

/** What an {@link Input} takes over from the function that opened it. */
export interface OpenedInput {
  /** Freed by the input. */
  readonly context: Ptr<"AVFormatContext">;
  /** Released by the input. */
  readonly interrupt: Interrupt;
  /** For messages; credentials are removed. */
  readonly url: string;
}

/**
 * A demuxer: an open source whose packets are read in order. Use `openInput` to open one.
 *
 * Owns the `AVFormatContext` and its connection.
 */
export class Input implements Disposable {
  /** The stream to decode. */
  readonly video: VideoStream;
  readonly #libav: Libav;
  readonly #context: Handle<"AVFormatContext">;
  readonly #interrupt: Interrupt;
  readonly #label: string;
  readonly #realtime = new DataView(new ArrayBuffer(128));
  #firstTimestamp: bigint | null = null;

  /** @throws {LibavError} `STREAM_NO_VIDEO`; nothing is left open */
  constructor(libav: Libav, { context, interrupt, url }: OpenedInput) {
    this.#libav = libav;
    this.#label = redactText(url);
    this.#context = new Handle(libav, "input", context, libav.avformat.avformat_close_input);
    this.#interrupt = interrupt;
    try {
      const video = findVideoStream(libav, context);
      this.video = typeof video === "number"
        ? this.#fail("Cannot find video in", video, "STREAM_NO_VIDEO")
        : video;
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Reads the next packet of any stream without blocking this thread. Only one read may be pending;
   * `packet` must not be used until it settles.
   *
   * @throws {LibavError} `STREAM_INTERRUPTED` when the interrupt was raised, else the cause
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
    return this.#finishRead(packet, result);
  }

  /** Like {@link read}, but blocking: for files, where a read takes microseconds. */
  readSync(packet: Packet): "packet" | "end" {
    const { avformat, avcodec } = this.#libav;
    const context = this.#context.address;
    const target = packet.pointer;
    let result: number = AVERROR.EAGAIN;
    for (let attempt = 0; result === AVERROR.EAGAIN && attempt < MAX_READ_ATTEMPTS; attempt++) {
      avcodec.av_packet_unref(target);
      result = avformat.av_read_frame(context, target);
    }
    return this.#finishRead(packet, result);
  }

  /**
   * The camera's wall clock at presentation time 0, in milliseconds since the Unix epoch, from its first
   * RTCP sender report (`AVFormatContext.start_time_realtime`); null until one arrives.
   */
  startRealtimeMs(): number | null {
    const { avutil } = this.#libav;
    const found = avutil.av_opt_get_int(this.#context.address, START_TIME, 0, this.#realtime);
    const microseconds = this.#realtime.getBigInt64(0, true);
    // Some releases initialise the field with 0.
    if (found < 0 || microseconds === NO_TIMESTAMP || microseconds === 0n) return null;
    return Number(microseconds) / 1000;
  }

  /**
   * Seeks to the first packet; the decoder must be flushed as well.
   * @throws {LibavError} when the source is not seekable
   */
  seekToStart(): void {
    const { avformat } = this.#libav;
    const context = this.#context.address;
    const first = this.#firstTimestamp ?? 0n;
    let result = avformat.av_seek_frame(context, this.video.index, first, SEEK_BACKWARD);
    // A raw stream has no timestamps to seek by.
    if (result < 0) result = avformat.av_seek_frame(context, -1, 0n, SEEK_BYTE);
    if (result < 0) this.#fail("Cannot go back to the start of", result);
  }

  /**
   * Closes the source; idempotent.
   * @throws {LifecycleError} while a read is pending: raise the interrupt and await the read first
   */
  [Symbol.dispose](): void {
    if (this.#context.disposed) return;
    this.#context.free();
    this.#interrupt.release();
  }

  #finishRead(packet: Packet, result: number): "packet" | "end" {
    if (this.#interrupt.raised) {
      // The demuxer may still return the truncated rest of a packet.
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

  #fail(action: string, averror: number, code?: LibavCode): never {
    throw this.#libav.error({
      action: `${action} ${this.#label}`,
      averror,
      code: this.#interrupt.raised ? "STREAM_INTERRUPTED" : code,
    });
  }
}
