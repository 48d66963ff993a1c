import { type Orientation, pixelAspectOf } from "../core/display.ts";
import type { SizePx } from "../core/geometry.ts";
import { streamOrientation } from "./display_matrix.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { NULL, type Ptr } from "./pointers.ts";

const MEDIA_TYPE_VIDEO = 0;

/** A fraction (`AVRational`). */
export interface Rational {
  readonly num: number;
  readonly den: number;
}

/** The video stream of an input. */
export interface VideoStream {
  /** The `streamIndex` of its packets. */
  readonly index: number;
  /** libav's name of the codec: "h264", "hevc". */
  readonly codecName: string;
  /** Pixels; 0x0 until the first frame, where neither the container nor the parameter sets give it. */
  readonly size: SizePx;
  /** Seconds per unit of packet and frame timestamps. */
  readonly timeBase: Rational;
  /** Frames per second as announced, or null. */
  readonly frameRate: number | null;
  /** Display orientation according to the container, or null. */
  readonly orientation: Orientation | null;
  /** Width of a pixel divided by its height according to the container, or null. */
  readonly pixelAspect: number | null;
  /** Belongs to the input: valid until the input is disposed of. */
  readonly codecpar: Ptr<"AVCodecParameters">;
}

/**
 * Finds the video stream of an open demuxer.
 * @returns libav's return code when there is none
 */
export function findVideoStream(
  libav: Libav,
  context: Ptr<"AVFormatContext">,
): VideoStream | number {
  const { avformat, avcodec, memory, release: { layout } } = libav;
  const index = avformat.av_find_best_stream(context, MEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
  if (index < 0) return index;
  const streams = memory.u64(context + BigInt(STABLE.AVFormatContext.streams));
  const stream = memory.pointer<"AVStream">(streams + BigInt(8 * index));
  const codecpar = memory.pointer<"AVCodecParameters">(stream + BigInt(layout.AVStream.codecpar));
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
    orientation: streamOrientation(libav, stream),
    pixelAspect: pixelAspectOf({ num: memory.i32(aspect), den: memory.i32(aspect + 4n) }),
    codecpar,
  };
}
