import { CodecParameters } from "./codec_parameters.ts";
import { Decoder } from "./decoder.ts";
import type { Libav } from "./library.ts";

/**
 * Opens libav's own H.264 decoder, for access units of the test clips.
 * @throws {LibavError} `STREAM_CODEC` when these libraries have none
 */
export function openCheckDecoder(libav: Libav): Decoder {
  using parameters = new CodecParameters(libav, {
    codecName: "h264",
    clockRate: 90_000,
    extradata: null,
    frameRate: null,
  });
  return Decoder.open(libav, parameters.video, { decoder: "auto" });
}
