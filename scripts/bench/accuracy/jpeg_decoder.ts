import { Decoder } from "../../../src/libav/decoder.ts";
import { CodecParameters } from "../../../src/libav/codec_parameters.ts";
import { Frame } from "../../../src/libav/frame.ts";
import type { Libav } from "../../../src/libav/library.ts";
import { Packet } from "../../../src/libav/packet.ts";

/** Decodes files of JPEG with libav, one after the other. */
export class JpegDecoder implements Disposable {
  readonly #parts = new DisposableStack();
  readonly #decoder: Decoder;
  readonly #packet: Packet;
  readonly #frame: Frame;

  constructor(libav: Libav) {
    const coded = { codecName: "mjpeg", clockRate: 1, extradata: null, frameRate: null };
    using parameters = new CodecParameters(libav, coded);
    this.#decoder = this.#parts.use(Decoder.open(libav, parameters.video, { decoder: "auto" }));
    this.#packet = this.#parts.use(new Packet(libav));
    this.#frame = this.#parts.use(new Frame(libav));
  }

  /**
   * Decodes a picture.
   * @returns a frame that is the decoder's own, until the next call
   * @throws {Error} when the file is not one whole JPEG
   */
  async decode(path: string): Promise<Frame> {
    this.#packet.fill(await Deno.readFile(path), true);
    try {
      this.#decoder.send(this.#packet);
      if (this.#decoder.receive(this.#frame) === "frame") return this.#frame;
    } catch (cause) {
      throw new Error(`${path} is not one whole JPEG`, { cause });
    }
    throw new Error(`${path} is not one whole JPEG`);
  }

  [Symbol.dispose](): void {
    this.#parts.dispose();
  }
}
