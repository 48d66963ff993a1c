/** Runs with the `ffi` permission for some paths only: see `scope_test.ts`. */
/// <reference lib="deno.worker" />
import type { LibavPaths } from "../../src/core/camera_types.ts";
import { letterbox } from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Decoder } from "../../src/libav/decoder.ts";
import { Frame } from "../../src/libav/frame.ts";
import { openInput } from "../../src/libav/open_input.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import { openLibav } from "../../src/libav/open.ts";
import { fileOptions } from "../../src/libav/options.ts";
import { Packet } from "../../src/libav/packet.ts";

interface Request {
  readonly paths: LibavPaths;
  readonly clip: string;
  readonly other: string | null;
}

self.onmessage = async (event: MessageEvent<Request>) => {
  try {
    self.postMessage(await report(event.data));
  } catch (error) {
    self.postMessage({ ok: false, error: String(error) });
  }
};

async function report({ paths, clip, other }: Request): Promise<Record<string, unknown>> {
  const frames = await decodeSome(paths, clip, 5);
  return {
    ok: true,
    frames,
    view: outcome(() => Deno.UnsafePointer.create(1n)),
    other: other === null ? null : outcome(() => Deno.dlopen(other, {}).close()),
  };
}

/** The name of the error that `attempt` throws. */
function outcome(attempt: () => unknown): string {
  try {
    attempt();
    return "allowed";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

async function decodeSome(paths: LibavPaths, clip: string, wanted: number): Promise<number> {
  using libav = openLibav(paths);
  using interrupt = new Interrupt(libav);
  const options = fileOptions();
  using input = await openInput(libav, { url: clip, options, interrupt, findStreamInfo: true });
  using decoder = Decoder.open(libav, input.video, { decoder: "auto" });
  using packet = new Packet(libav);
  using frame = new Frame(libav);
  using converter = new TensorConverter(libav);
  const shape = { width: 416, height: 416 };
  const buffer = new ArrayBuffer(inputBytes(shape));
  let frames = 0;
  while (frames < wanted && await input.read(packet) === "packet") {
    decoder.send(packet);
    while (decoder.receive(frame) === "frame") {
      const crop = { x: 0, y: 0, width: frame.width, height: frame.height };
      const bars = { grey: 114 / 255, fill: frames === 0 };
      converter.convert(frame, letterbox(crop, shape), buffer, bars);
      frames++;
    }
  }
  return frames;
}
