/** Decodes a clip with and without bounds. */
import { Decoder } from "../../../src/libav/decoder.ts";
import { Frame } from "../../../src/libav/frame.ts";
import { openInputSync } from "../../../src/libav/open_input.ts";
import { Interrupt } from "../../../src/libav/interrupt.ts";
import type { Libav } from "../../../src/libav/library.ts";
import { fileOptions } from "../../../src/libav/options.ts";
import { Packet } from "../../../src/libav/packet.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { StreamBounds } from "../../../src/stream/bounds/stream_bounds.ts";
import { openDecoder } from "../../../src/stream/open_decoder.ts";

/** The result of decoding a clip. */
export interface Decoded {
  readonly packets: number;
  readonly frames: number;
  /** Messages of the errors thrown for packets. */
  readonly refusals: readonly string[];
}

/** Decodes a file to its end. @param maxPixels  null: without bounds */
export function decodeClip(libav: Libav, path: string, maxPixels: number | null): Decoded {
  using interrupt = new Interrupt(libav);
  const options = fileOptions();
  using input = openInputSync(libav, { url: path, options, interrupt, findStreamInfo: true });
  const bounds = new StreamBounds({ maxPixels: maxPixels ?? 0, isLive: false, clock: systemClock });
  using decoder = maxPixels === null
    ? Decoder.open(libav, input.video, { decoder: "auto", threads: 1 })
    : openDecoder(libav, input.video, { decoder: "auto", bounds, onFallback: () => {} });
  using packet = new Packet(libav);
  using frame = new Frame(libav);
  const counts = { packets: 0, frames: 0, refusals: new Array<string>() };
  const drain = () => {
    while (decoder.receive(frame) === "frame") counts.frames++;
  };
  const send = (one: Packet | null) => {
    try {
      decoder.send(one);
      drain();
    } catch (error) {
      counts.refusals.push(error instanceof Error ? error.message : String(error));
    }
  };
  while (input.readSync(packet) === "packet") {
    counts.packets++;
    send(packet);
  }
  send(null);
  return counts;
}
