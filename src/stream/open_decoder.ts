import { OrionError } from "../core/errors.ts";
import { extradataOf } from "../libav/codec_parameters.ts";
import { Decoder } from "../libav/decoder.ts";
import type { VideoStream } from "../libav/video_stream.ts";
import type { Libav } from "../libav/library.ts";
import { BoundedDecoder } from "./bounds/bounded_decoder.ts";
import { inspectorFor } from "./bounds/codecs.ts";
import { checkedPixels } from "./bounds/errors.ts";
import type { StreamBounds } from "./bounds/stream_bounds.ts";

/** Padding that libav counts as pixels, on two sides of a frame. */
const PADDING_PX = 2 * 64 * 16_384;

/**
 * Opens the configured decoder, or libav's default when that one does not work here. Checks the bounds on
 * the announced stream first.
 *
 * @throws {LibavError} `STREAM_CODEC` when libav has no decoder for the stream
 * @throws {BoundsError} `STREAM_CODEC` for an unsupported codec; `STREAM_TOO_LARGE`
 */
export function openDecoder(libav: Libav, video: VideoStream, wish: {
  readonly decoder: string;
  readonly bounds: StreamBounds;
  /** Receives the reason why the configured decoder is not used. */
  readonly onFallback: (error: OrionError) => void;
}): BoundedDecoder {
  const { decoder: name, bounds, onFallback } = wish;
  const { maxPixels } = bounds;
  const inspector = inspectorFor(video.codecName, maxPixels);
  checkedPixels(video.size, maxPixels);
  const extradata = extradataOf(libav, video.codecpar);
  if (extradata !== null) inspector.extradata(extradata);
  const open = (decoder: string) => {
    const settings = { decoder, threads: 1, maxPixels: maxPixels + PADDING_PX };
    return new BoundedDecoder({
      decoder: Decoder.open(libav, video, settings),
      libav,
      inspector,
      bounds,
    });
  };
  try {
    return open(name);
  } catch (error) {
    if (name === "auto" || !(error instanceof OrionError)) throw error;
    onFallback(error);
    return open("auto");
  }
}
