import { AVERROR, LibavError } from "./error.ts";
import { Handle } from "./handle.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import { NULL, pointer, type Ptr } from "./pointers.ts";
import type { VideoStream } from "./video_stream.ts";

/** `AV_INPUT_BUFFER_PADDING_SIZE`: decoders read this far beyond the data. */
const PADDING_BYTES = 64;

/** A stream of access units that was not opened by libav's demuxers. */
export interface CodedVideo {
  /** libav's name: "h264", "hevc". */
  readonly codecName: string;
  /** Timestamp units per second. */
  readonly clockRate: number;
  /** Out-of-band parameter sets in the decoder's format, or null. */
  readonly extradata: Uint8Array<ArrayBuffer> | null;
  /** Frames per second as announced, or null. */
  readonly frameRate: number | null;
}

/** More than the parameter sets of any stream. */
const MAX_EXTRADATA_BYTES = 1024 * 1024;

/** Copies a stream's extradata (out-of-band parameter sets); null when there is none. */
export function extradataOf(
  { memory }: Libav,
  codecpar: Ptr<"AVCodecParameters">,
): Uint8Array<ArrayBuffer> | null {
  const at = STABLE.AVCodecParameters;
  const address = memory.u64(codecpar + BigInt(at.extradata));
  const length = memory.i32(codecpar + BigInt(at.extradataSize));
  if (address === 0n || length <= 0) return null;
  const bytes = new Uint8Array(Math.min(length, MAX_EXTRADATA_BYTES));
  memory.read(address, bytes.buffer, bytes.byteLength);
  return bytes;
}

/**
 * An `AVCodecParameters` for opening a decoder without an `Input`.
 *
 * Valid until it is disposed of; an open decoder does not need it.
 */
export class CodecParameters implements Disposable {
  readonly video: VideoStream;
  readonly #handle: Handle<"AVCodecParameters">;

  /** @throws {LibavError} `STREAM_CODEC` for a codec unknown to libav */
  constructor(libav: Libav, coded: CodedVideo) {
    const { avcodec, memory } = libav;
    const descriptor = avcodec.avcodec_descriptor_get_by_name(cString(coded.codecName));
    if (descriptor === NULL) {
      throw new LibavError({
        action: `Cannot decode ${coded.codecName}`,
        averror: AVERROR.DECODER_NOT_FOUND,
        text: `libavcodec ${libav.versions.avcodec} does not know it`,
      });
    }
    const codecpar = avcodec.avcodec_parameters_alloc();
    this.#handle = new Handle(
      libav,
      "codec parameters",
      codecpar,
      avcodec.avcodec_parameters_free,
    );
    const at = STABLE.AVCodecParameters;
    const codecId = memory.i32(descriptor + BigInt(STABLE.AVCodecDescriptor.id));
    // AVMEDIA_TYPE_VIDEO is 0.
    memory.writeI32(codecpar + BigInt(at.codecType), 0);
    memory.writeI32(codecpar + BigInt(at.codecId), codecId);
    const { extradata } = coded;
    if (extradata !== null && extradata.byteLength > 0) {
      // Freed with the parameters, by libav.
      const copy = memory.allocate(extradata.byteLength + PADDING_BYTES);
      memory.writeBytes(copy, extradata);
      memory.writeU64(codecpar + BigInt(at.extradata), copy);
      memory.writeI32(codecpar + BigInt(at.extradataSize), extradata.byteLength);
    }
    this.video = {
      index: 0,
      codecName: coded.codecName,
      size: { width: 0, height: 0 },
      timeBase: { num: 1, den: coded.clockRate },
      frameRate: coded.frameRate,
      orientation: null,
      pixelAspect: null,
      codecpar: pointer<"AVCodecParameters">(codecpar),
    };
  }

  [Symbol.dispose](): void {
    this.#handle.free();
  }
}
