import { orientationOf } from "../core/display.ts";
import { CodecParameters } from "./codec_parameters.ts";
import { Decoder } from "./decoder.ts";
import { Frame } from "./frame.ts";
import type { Libav } from "./library.ts";
import { Packet } from "./packet.ts";

/** One picture, H.264, whose message of display orientation wants it turned a quarter to the left. */
const TURNED_LEFT =
  "AAAAAWdCwAraEfiJsOagICAoAAADAAgAAAMBkHiRNQAAAAFozgOcgAAAAQYvAwgACYAAAAFliIQ////B" +
  "FFHxwMcGTcnJ1uuuuuuuvA==";
const TO_THE_RIGHT = orientationOf(1, false);

/** Codecs whose own message libav had wrong. */
const WITH_MESSAGE: readonly string[] = ["h264", "hevc"];

/**
 * Whether libav takes a turn to the left for one to the right where a stream of this codec asks for one:
 * up to FFmpeg 4.4 it does, unless the distribution has mended it.
 */
export function turnsBackwards(libav: Libav, codecName: string): boolean {
  if (!WITH_MESSAGE.includes(codecName)) return false;
  using parameters = new CodecParameters(libav, {
    codecName: "h264",
    clockRate: 90_000,
    extradata: null,
    frameRate: null,
  });
  using decoder = Decoder.open(libav, parameters.video, { decoder: "auto" });
  using packet = new Packet(libav);
  using frame = new Frame(libav);
  packet.fill(Uint8Array.fromBase64(TURNED_LEFT), true);
  decoder.send(packet);
  decoder.send(null);
  return decoder.receive(frame) === "frame" && frame.orientation() === TO_THE_RIGHT;
}
