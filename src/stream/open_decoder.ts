import { OrionError } from "../core/errors.ts";
import { Decoder } from "../libav/decoder.ts";
import type { VideoStream } from "../libav/input.ts";
import type { Libav } from "../libav/library.ts";

/**
 * The decoder asked for by name, or libav's own choice when that one does not work here.
 *
 * @throws {LibavError} `STREAM_CODEC` when libav has none at all for the stream
 */
export function openDecoder(libav: Libav, video: VideoStream, wish: {
  readonly decoder: string;
  /** Told why the one that was asked for is not used. */
  readonly onFallback: (error: OrionError) => void;
}): Decoder {
  const { decoder, onFallback } = wish;
  try {
    return Decoder.open(libav, video, { decoder, threads: 1 });
  } catch (error) {
    if (decoder === "auto" || !(error instanceof OrionError)) throw error;
    onFallback(error);
    return Decoder.open(libav, video, { decoder: "auto", threads: 1 });
  }
}
