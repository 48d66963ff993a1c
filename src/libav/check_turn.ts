import { orientationOf } from "../core/display.ts";
import { openCheckDecoder } from "./check_decoder.ts";
import { Frame } from "./frame.ts";
import type { Libav } from "./library.ts";
import { Packet } from "./packet.ts";

/** One H.264 frame whose display orientation SEI requests a quarter turn to the left. */
const TURNED_LEFT =
  "AAAAAWdCwAraEfiJsOagICAoAAADAAgAAAMBkHiRNQAAAAFozgOcgAAAAQYvAwgACYAAAAFliIQ////B" +
  "FFHxwMcGTcnJ1uuuuuuuvA==";
const TURNED_RIGHT = orientationOf(1, false);

/** Codecs whose display orientation SEI libav misreads. */
const AFFECTED_CODECS: readonly string[] = ["h264", "hevc"];

/**
 * Whether libav mistakes a turn to the left for one to the right in streams of this codec: up to FFmpeg
 * 4.4 it does, unless the distribution has backported the fix.
 */
export function turnsBackwards(libav: Libav, codecName: string): boolean {
  if (!AFFECTED_CODECS.includes(codecName)) return false;
  using decoder = openCheckDecoder(libav);
  using packet = new Packet(libav);
  using frame = new Frame(libav);
  packet.fill(Uint8Array.fromBase64(TURNED_LEFT), true);
  decoder.send(packet);
  decoder.send(null);
  return decoder.receive(frame) === "frame" && frame.orientation() === TURNED_RIGHT;
}
