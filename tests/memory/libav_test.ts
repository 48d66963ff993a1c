import assert from "node:assert/strict";
import { UPRIGHT, viewOf } from "../../src/core/display.ts";
import { letterbox } from "../../src/core/geometry.ts";
import { logTo } from "../../src/core/log.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Frame } from "../../src/libav/frame.ts";
import { openInput } from "../../src/libav/open_input.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import { fileOptions } from "../../src/libav/options.ts";
import { FramePool, type SharedFrame } from "../../src/stream/shared_frame.ts";
import { stayJpeg } from "../../src/stream/stay_jpeg.ts";
import { DeliveredFrames } from "../../src/stream/delivered_frames.ts";
import { StayPictures } from "../../src/stream/stay_pictures.ts";
import { changingStream, sightOf } from "../support/clips/changing_clip.ts";
import { tempFolder } from "../support/system/files.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { Clip, codeOf, testLibav, TWO_PEOPLE } from "../ffi/support.ts";

const ignore = ignoreWithout("libav");
const MIB = 1024 * 1024;
/** Memory that the allocators may keep; 1 to 2 were observed. A decoded frame takes 1.3. */
const GROWTH_MIB = 6;
const MAX_TRIES = 3;

function rssMib(): number {
  return Deno.memoryUsage().rss / MIB;
}

/**
 * Runs rounds until they leave no more behind than the allocators may keep: a leak grows in each round, the
 * allocators grow once, on a busy machine.
 */
async function assertNoGrowth(what: string, rounds: () => void | Promise<void>): Promise<void> {
  const growths: number[] = [];
  while (growths.length < MAX_TRIES && growths.every((growth) => growth >= GROWTH_MIB)) {
    const startMib = rssMib();
    await rounds();
    growths.push(rssMib() - startMib);
  }
  const list = growths.map((growth) => growth.toFixed(1)).join(", ");
  assert(growths.some((growth) => growth < GROWTH_MIB), `${list} MiB more after ${what} each`);
}

// First in this file, which is the first of its group: the allocators hold no free memory yet that could hide
// a leak.
Deno.test(
  "memory: opening and failing to open 200 times leaks nothing",
  { ignore },
  async () => {
    using libav = testLibav();
    using interrupt = new Interrupt(libav);
    const open = (url: string, options = fileOptions()) =>
      openInput(libav, { url, options, interrupt, findStreamInfo: true });
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) {
        using input = await open(TWO_PEOPLE);
        assert.equal(input.video.index, 0);
        await assert.rejects(open("/no/such/file"), (error) => codeOf(error) === "FILE_NOT_FOUND");
        const options = { ...fileOptions(), bogus: "1" };
        await assert.rejects(
          open(TWO_PEOPLE, options),
          (error) => codeOf(error) === "STREAM_OPTION",
        );
      }
    };
    await rounds(50);
    await assertNoGrowth("150 rounds", () => rounds(150));
    assert.equal(libav.alive, 1);
  },
);

Deno.test("memory: reading, decoding, referencing and converting 3000 frames leaks nothing", {
  ignore,
}, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  using held = new Frame(libav);
  using shared = new Frame(libav);
  using converter = new TensorConverter(libav);
  const shape = { width: 416, height: 416 };
  const bars = { grey: 114 / 255, fill: false };
  const buffer = new ArrayBuffer(inputBytes(shape));
  let startMib = 0;
  let frames = 0;
  for (let round = 0; round < 10; round++) {
    clip.decodeAll((frame) => {
      shared.refFrom(frame);
      held.moveFrom(frame);
      // Changes the crop at times, which makes a new scaler and frees the old one.
      const width = 1280 - 2 * (frames % 5);
      const fit = letterbox({ x: 0, y: 0, width, height: 720 }, shape);
      if (frames % 10 < 5) converter.convert(held, fit, buffer, bars);
      if (++frames === 600) startMib = rssMib();
    });
    clip.input.seekToStart();
    clip.decoder.flush();
  }
  assert.equal(frames, 3000);
  const growth = rssMib() - startMib;
  assert(growth < GROWTH_MIB, `${growth.toFixed(1)} MiB more after 2400 frames`);
});

Deno.test("memory: 1200 changes of size and pixel format leak nothing", {
  ignore: ignoreWithout("libav", "ffmpeg"),
}, async () => {
  using folder = tempFolder();
  const path = folder.write("changing.h264", await changingStream());
  using libav = testLibav();
  using clip = new Clip(libav, path);
  using converter = new TensorConverter(libav);
  const shape = { width: 160, height: 160 };
  const bars = { grey: 0.25, fill: true };
  const buffer = new ArrayBuffer(inputBytes(shape));
  const tensor = new Float32Array(buffer);
  const play = (rounds: number) => {
    for (let round = 0; round < rounds; round++) {
      clip.decodeAll((frame) => {
        const { width, height } = frame;
        const fit = letterbox({ x: 0, y: 0, width, height }, shape);
        converter.convert(frame, fit, buffer, bars);
        if (round > 0) return;
        const { look } = sightOf(tensor, fit, bars.grey);
        assert.deepEqual([width, height], [look.width, look.height]);
      });
      clip.input.seekToStart();
      clip.decoder.flush();
    }
  };
  play(20);
  const { alive } = libav;
  await assertNoGrowth("1200 changes", () => play(100));
  assert.equal(libav.alive, alive);
  assert(converter.scalersMade > 1400, `${converter.scalersMade} scalers`);
});

Deno.test(
  "memory: keeping 900 frames as pictures, and encoding every tenth of them, leaks nothing",
  { ignore },
  async () => {
    using libav = testLibav();
    using clip = new Clip(libav, TWO_PEOPLE);
    using pool = new FramePool(libav);
    const masks = [[{ x: 0, y: 0 }, { x: 0.5, y: 0 }, { x: 0, y: 0.5 }]];
    const delivered = new DeliveredFrames<SharedFrame>(masks, () => 1);
    const pictures = new StayPictures<SharedFrame>({
      frames: delivered,
      encode: (request) => stayJpeg(libav, request),
      log: logTo((record) => assert.fail(record.event)),
    });
    pictures.subscribe({ detector: "person", rateHz: null, paused: false, pictures: true });
    const box = { x: 600, y: 200, width: 100, height: 300 };
    let seq = 0;
    let encoded = 0;
    const play = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        clip.decodeAll((decoded) => {
          const frame = pool.take();
          frame.picture.refFrom(decoded);
          frame.info = { ...frame.info, seq: ++seq, view: viewOf(decoded, UPRIGHT, 1) };
          delivered.add("person", frame);
          frame.release();
          const stay = `s${seq % 5}`;
          const keep = {
            camera: "gate",
            detector: "person",
            stay,
            seq,
            box,
            mode: "crop",
          } as const;
          assert.ok(pictures.keep(keep));
          if (seq % 10 === 0 && pictures.picture(stay, seq % 20 === 0).bytes !== null) encoded++;
        });
        clip.input.seekToStart();
        clip.decoder.flush();
      }
    };
    play(1);
    const { alive } = libav;
    await assertNoGrowth("900 frames", () => play(3));
    assert.ok(encoded >= 120 - 1, `${encoded} pictures`);
    assert.equal(libav.alive, alive, "no more frames are held than at first");
    pictures.close();
    delivered.close();
  },
);

Deno.test("memory: reading the clip 100 times leaks no packet", { ignore }, () => {
  using libav = testLibav();
  using clip = new Clip(libav, TWO_PEOPLE);
  const read = (rounds: number) => {
    let bytes = 0;
    for (let round = 0; round < rounds; round++) {
      while (clip.input.readSync(clip.packet) === "packet") bytes += clip.packet.sizeBytes;
      clip.input.seekToStart();
    }
    return bytes / MIB;
  };
  read(10);
  const startMib = rssMib();
  const readMib = read(90);
  const growth = rssMib() - startMib;
  assert(readMib > 3 * GROWTH_MIB, `only ${readMib.toFixed(1)} MiB read`);
  assert(growth < GROWTH_MIB, `${growth.toFixed(1)} MiB more`);
});
