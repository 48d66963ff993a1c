import type { SizePx } from "../core/geometry.ts";
import type { Frame } from "./frame.ts";
import { Handle } from "./handle.ts";
import { isSameSize } from "./image_conversion.ts";
import { jpegFailed, must } from "./jpeg_error.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import { Packet } from "./packet.ts";
import { NULL } from "./pointers.ts";

/** How coarse the encoder is, of 1 to 31: what libav chooses for a single picture of a street. */
const QUANTIZER = "7";

/** An MJPEG encoder for images of one size. */
export class MjpegEncoder implements Disposable {
  readonly #libav: Libav;
  readonly #context: Handle<"AVCodecContext">;
  readonly #packet: Packet;
  readonly #size: SizePx;

  /** @param image  of the size and format of all images */
  constructor(libav: Libav, { width, height, format }: Frame) {
    const { avcodec, avutil } = libav;
    const codec = avcodec.avcodec_find_encoder_by_name(cString("mjpeg"));
    if (codec === NULL) throw jpegFailed("this libavcodec has no MJPEG encoder");
    this.#libav = libav;
    this.#size = { width, height };
    this.#context = new Handle(
      libav,
      "encoder",
      avcodec.avcodec_alloc_context3(codec),
      avcodec.avcodec_free_context,
    );
    try {
      const at = this.#context.address;
      const timeBase = new Uint8Array(new Int32Array([1, 25]).buffer);
      must("size", avutil.av_opt_set_image_size(at, cString("video_size"), width, height, 0));
      must("format", avutil.av_opt_set_pixel_fmt(at, cString("pixel_format"), format, 0));
      must("time base", avutil.av_opt_set_q(at, cString("time_base"), timeBase, 0));
      // Else each image would be coarser the more bytes the ones before it had.
      for (const name of ["qmin", "qmax"]) {
        must(name, avutil.av_opt_set(at, cString(name), cString(QUANTIZER), 0));
      }
      must("encoder", avcodec.avcodec_open2(at, codec, NULL));
      this.#packet = new Packet(libav);
    } catch (error) {
      this.#context.free();
      throw error;
    }
  }

  isFor({ width, height }: SizePx): boolean {
    return isSameSize(this.#size, { width, height });
  }

  encode(image: Frame): ArrayBuffer {
    const { avcodec, memory } = this.#libav;
    const packet = this.#packet;
    must("frame", avcodec.avcodec_send_frame(this.#context.address, image.pointer));
    must("packet", avcodec.avcodec_receive_packet(this.#context.address, packet.pointer));
    packet.refresh();
    const bytes = new ArrayBuffer(packet.sizeBytes);
    const data = memory.u64(packet.pointer + BigInt(STABLE.AVPacket.data));
    memory.read(data, bytes, bytes.byteLength);
    packet.unref();
    return bytes;
  }

  [Symbol.dispose](): void {
    this.#packet[Symbol.dispose]();
    this.#context.free();
  }
}
