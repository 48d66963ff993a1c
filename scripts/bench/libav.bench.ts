/**
 * The cost of video: calls into libav, decoding the clip of two people, converting its frames into network
 * inputs, and encoding them as pictures of stays and as live pictures.
 *
 *     deno task bench scripts/bench/libav.bench.ts
 */
import { orientationOf, UPRIGHT, viewOf } from "../../src/core/display.ts";
import { letterbox } from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Decoder } from "../../src/libav/decoder.ts";
import { Frame } from "../../src/libav/frame.ts";
import { openInputSync } from "../../src/libav/open_input.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import { openLibav } from "../../src/libav/open.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { fileOptions } from "../../src/libav/options.ts";
import { Packet } from "../../src/libav/packet.ts";
import { JpegEncoder } from "../../src/libav/jpeg.ts";
import { liveJpeg } from "../../src/stream/live_jpeg.ts";
import { FramePool } from "../../src/stream/shared_frame.ts";
import { stayJpeg } from "../../src/stream/stay_jpeg.ts";

// Not disposed of: a benchmark has no end.
const libav = openLibav(locateLibav());
const interrupt = new Interrupt(libav);
const url = Deno.realPathSync(
  new URL("../../tests/support/clips/two_people/clip.mp4", import.meta.url),
);
const input = openInputSync(libav, {
  url,
  options: fileOptions(),
  interrupt,
  findStreamInfo: true,
});
const decoder = Decoder.open(libav, input.video, { decoder: "auto", threads: 1 });
const packet = new Packet(libav);
const frame = new Frame(libav);

/** Decodes the next frame, in a loop. */
function next(): void {
  while (decoder.receive(frame) !== "frame") {
    if (input.readSync(packet) === "packet") {
      decoder.send(packet);
    } else {
      input.seekToStart();
      decoder.flush();
    }
  }
}

/** The bars are in the buffer already. */
const HELD = { grey: 114 / 255, fill: false };

function inputOf(width: number, height: number) {
  const shape = { width, height };
  const fit = letterbox({ x: 0, y: 0, width: 1280, height: 720 }, shape);
  return { shape, fit, buffer: new ArrayBuffer(inputBytes(shape)) };
}

const calls = "a call into libav";
const memory = libav.memory;
const address = memory.allocate(8);
Deno.bench({ name: "avutil_version: the bare call", group: calls, baseline: true }, () => {
  libav.avutil.avutil_version();
});
Deno.bench({ name: "reading an integer from native memory", group: calls }, () => {
  memory.i32(address);
});
Deno.bench({ name: "refreshing a frame's fields", group: calls }, () => frame.refresh());

const reading = "reading a packet of the clip";
const source = openInputSync(libav, {
  url,
  options: fileOptions(),
  interrupt,
  findStreamInfo: true,
});
Deno.bench({ name: "blocking", group: reading, baseline: true }, () => {
  if (source.readSync(packet) === "end") source.seekToStart();
});
Deno.bench({ name: "nonblocking", group: reading }, async () => {
  if (await source.read(packet) === "end") source.seekToStart();
});

const one = "one frame, 1280 x 720, one thread";
const small = inputOf(416, 416);
const large = inputOf(640, 640);
const toSmall = new TensorConverter(libav);
const toLarge = new TensorConverter(libav);
const still = new Frame(libav);
next();
still.refFrom(frame);
Deno.bench({ name: "read and decode", group: one, n: 600, warmup: 100 }, next);
Deno.bench({ name: "convert to 416 x 416", group: one }, () => {
  toSmall.convert(still, small.fit, small.buffer, HELD);
});
Deno.bench({ name: "convert to 640 x 640", group: one }, () => {
  toLarge.convert(still, large.fit, large.buffer, HELD);
});

const shown = "one frame, 1280 x 720, as it is shown";
const crop = { x: 0, y: 0, width: 1280, height: 720 };
for (const [name, { shape, buffer }] of [["416 x 416", small], ["640 x 640", large]] as const) {
  for (
    const [what, quarterTurns, size] of [
      ["upright", 0, crop],
      ["a quarter turn", 1, { ...crop, width: 720, height: 1280 }],
      ["half a turn", 2, crop],
      ["upright, pixels 2:1", 0, { ...crop, width: 2560 }],
    ] as const
  ) {
    const converter = new TensorConverter(libav);
    const fit = letterbox(size, shape);
    const part = { crop, orientation: orientationOf(quarterTurns, false) };
    Deno.bench({ name: `${what} to ${name}`, group: shown }, () => {
      converter.convert(still, fit, buffer, HELD, part);
    });
  }
}

Deno.bench(
  { name: "read, decode and convert to 416 x 416", group: one, n: 600, warmup: 100 },
  () => {
    next();
    toSmall.convert(frame, small.fit, small.buffer, HELD);
  },
);

const pictures = "the picture of a stay, 1280 x 720";
const kept = new FramePool(libav).take();
kept.picture.refFrom(still);
kept.info = { ...kept.info, view: viewOf(still, UPRIGHT, 1) };
const box = { x: 700, y: 150, width: 300, height: 500 };
for (const mode of ["crop", "frame"] as const) {
  Deno.bench({ name: mode, group: pictures }, () => {
    stayJpeg(libav, { frame: kept, box, mode, masks: [] });
  });
}

const live = "a live picture";
const watched = { frame: kept, masks: [], drawing: null };
const encoder = new JpegEncoder(libav);
Deno.bench({ name: "encoder and scalers kept", group: live, baseline: true }, () => {
  liveJpeg(encoder, watched);
});
Deno.bench({ name: "opened for each", group: live }, () => {
  using alone = new JpegEncoder(libav);
  liveJpeg(alone, watched);
});
