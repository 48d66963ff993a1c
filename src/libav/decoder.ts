import { AVERROR, LibavError } from "./error.ts";
import type { Frame } from "./frame.ts";
import { Handle } from "./handle.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import type { Packet } from "./packet.ts";
import { NULL, type Ptr } from "./pointers.ts";
import type { VideoStream } from "./video_stream.ts";

/** Frames that the decoder skips: none; non-reference frames; all but keyframes. */
export type SkipFrame = "default" | "noref" | "nokey";

export interface DecoderSettings {
  /** "auto", or the name of one of libav's decoders. */
  readonly decoder: string;
  /** Frame threads, each of which delays output by one frame; 0: one per core. Default: 1. */
  readonly threads?: number;
  /** Refuses frames with more pixels, including libav's padding. Default: no limit. */
  readonly maxPixels?: number;
}

const SKIP_FRAME = cString("skip_frame");
const SKIP_VALUES: Readonly<Record<SkipFrame, Uint8Array<ArrayBuffer>>> = {
  default: cString("default"),
  noref: cString("noref"),
  nokey: cString("nokey"),
};

/**
 * A decoder: takes packets and returns frames, not always one for one. After each packet, receive until
 * "again".
 *
 * Owns the `AVCodecContext`. Runs in the calling thread.
 */
export class Decoder implements Disposable {
  /** libav's name of the decoder: "h264", "h264_v4l2m2m". */
  readonly name: string;
  /** libav's name of the codec: "h264". */
  readonly codecName: string;
  readonly #libav: Libav;
  readonly #context: Handle<"AVCodecContext">;

  private constructor(libav: Libav, stream: VideoStream, codec: Ptr<"AVCodec">) {
    const { avcodec, memory } = libav;
    this.#libav = libav;
    this.codecName = stream.codecName;
    this.name = memory.text(memory.pointer(codec + BigInt(STABLE.AVCodec.name)));
    const context = avcodec.avcodec_alloc_context3(codec);
    this.#context = new Handle(libav, "decoder", context, avcodec.avcodec_free_context);
  }

  /**
   * Opens a decoder for a stream.
   *
   * @throws {LibavError} `STREAM_CODEC` when libav has no decoder for the codec, `STREAM_DECODER`
   *   when the named one is unknown, is for another codec, or does not start
   */
  static open(libav: Libav, stream: VideoStream, settings: DecoderSettings): Decoder {
    const codec = findCodec(libav, stream, settings.decoder);
    const decoder = new Decoder(libav, stream, codec);
    try {
      decoder.#configure(stream, settings);
      decoder.#start(codec, settings);
      return decoder;
    } catch (error) {
      decoder[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Sends a packet, which keeps its data; null drains the decoder.
   *
   * @returns "again" when frames must be received first; then send the same packet again
   * @throws {LibavError} `STREAM_INVALID` for a damaged packet: the decoder continues with the next
   */
  send(packet: Packet | null): "ok" | "again" {
    const data = packet === null ? NULL : packet.pointer;
    const result = this.#libav.avcodec.avcodec_send_packet(this.#context.address, data);
    if (result >= 0) return "ok";
    if (result === AVERROR.EAGAIN) return "again";
    throw this.#libav.error({ action: "Cannot decode a packet", averror: result });
  }

  /**
   * Receives the next frame into `frame`, which drops its previous data.
   *
   * @returns "again" when a packet must be sent first, "end" after the last frame
   * @throws {LibavError} `STREAM_INVALID` for a frame that cannot be decoded
   */
  receive(frame: Frame): "frame" | "again" | "end" {
    const result = this.#libav.avcodec.avcodec_receive_frame(
      this.#context.address,
      frame.pointer,
    );
    // Without data the frame is empty, as it usually was before.
    if (result >= 0 || !frame.isEmpty) frame.refresh();
    if (result >= 0) return "frame";
    if (result === AVERROR.EAGAIN) return "again";
    if (result === AVERROR.EOF) return "end";
    throw this.#libav.error({ action: "Cannot decode a frame", averror: result });
  }

  /** Resets the decoder: after a seek, or to continue after "end". */
  flush(): void {
    this.#libav.avcodec.avcodec_flush_buffers(this.#context.address);
  }

  /**
   * Changes which frames are skipped, from the next packet on. Return to "default" only at a keyframe:
   * earlier frames reference skipped ones, and libav reports no error for it.
   */
  setSkipFrame(skip: SkipFrame): void {
    const { avutil } = this.#libav;
    const result = avutil.av_opt_set(this.#context.address, SKIP_FRAME, SKIP_VALUES[skip], 0);
    this.#must(`set skip_frame to ${skip}`, result);
  }

  /** Names a pixel format: "yuv420p". */
  pixelFormatName(format: number): string {
    return this.#libav.pixelFormatName(format);
  }

  [Symbol.dispose](): void {
    this.#context.free();
  }

  #configure(stream: VideoStream, settings: DecoderSettings): void {
    const { avcodec, avutil } = this.#libav;
    const context = this.#context.address;
    const copied = avcodec.avcodec_parameters_to_context(context, stream.codecpar);
    this.#must("apply the stream's parameters", copied);
    const { num, den } = stream.timeBase;
    const timeBase = new Uint8Array(new Int32Array([num, den]).buffer);
    const based = avutil.av_opt_set_q(context, cString("pkt_timebase"), timeBase, 0);
    this.#must("set the time base", based);
    const threads = cString(String(settings.threads ?? 1));
    this.#must("set the threads", avutil.av_opt_set(context, cString("threads"), threads, 0));
    if (settings.maxPixels === undefined) return;
    const pixels = cString(String(settings.maxPixels));
    const bounded = avutil.av_opt_set(context, cString("max_pixels"), pixels, 0);
    this.#must("set the pixel limit", bounded);
  }

  #start(codec: Ptr<"AVCodec">, settings: DecoderSettings): void {
    const result = this.#libav.avcodec.avcodec_open2(this.#context.address, codec, NULL);
    if (result >= 0) return;
    throw this.#libav.error({
      action: `Cannot start the decoder ${this.name}`,
      averror: result,
      code: settings.decoder === "auto" ? undefined : "STREAM_DECODER",
    });
  }

  #must(action: string, result: number): void {
    if (result >= 0) return;
    throw this.#libav.error({
      action: `Cannot ${action} in the decoder ${this.name}`,
      averror: result,
    });
  }
}

function findCodec(libav: Libav, stream: VideoStream, name: string): Ptr<"AVCodec"> {
  const { avcodec, memory } = libav;
  const id = memory.i32(stream.codecpar + BigInt(STABLE.AVCodecParameters.codecId));
  if (name === "auto") {
    const codec = avcodec.avcodec_find_decoder(id);
    if (codec !== NULL) return codec;
    throw new LibavError({
      action: `Cannot decode ${stream.codecName}`,
      averror: AVERROR.DECODER_NOT_FOUND,
      text: `libavcodec ${libav.versions.avcodec} has no decoder for it`,
    });
  }
  const codec = avcodec.avcodec_find_decoder_by_name(cString(name));
  const wrong = codec === NULL
    ? `libavcodec ${libav.versions.avcodec} has no such decoder`
    : memory.i32(codec + BigInt(STABLE.AVCodec.id)) !== id
    ? `it does not decode ${stream.codecName}`
    : null;
  if (wrong === null) return codec;
  throw new LibavError({
    action: `Cannot use the decoder ${name}`,
    averror: AVERROR.DECODER_NOT_FOUND,
    text: wrong,
    code: "STREAM_DECODER",
  });
}
