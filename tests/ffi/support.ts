/** Helpers of the tests in this folder: the libraries, the clip of two people, and clips made by ffmpeg. */
import assert from "node:assert/strict";
import type { BoxPx, InputFit, SizePx } from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { TensorConverter } from "../../src/libav/converter.ts";
import { Decoder } from "../../src/libav/decoder.ts";
import { Frame } from "../../src/libav/frame.ts";
import type { Input } from "../../src/libav/input.ts";
import { openInputSync } from "../../src/libav/open_input.ts";
import { Interrupt } from "../../src/libav/interrupt.ts";
import type { Libav } from "../../src/libav/library.ts";
import { openLibav } from "../../src/libav/open.ts";
import { locateLibav } from "../../src/libav/locate.ts";
import { locateChosenLibav } from "../support/streams/libav_choice.ts";
import { fileOptions } from "../../src/libav/options.ts";
import { Packet } from "../../src/libav/packet.ts";

/** A network input: its size and the grey level of its bars. */
export interface TestInput extends SizePx {
  readonly bars: number;
}

export const TWO_PEOPLE = new URL("../support/clips/two_people/clip.mp4", import.meta.url).pathname;

/** Opens the machine's libraries. Disposal throws when an object made from them is not disposed of. */
export function testLibav(): Libav {
  return openLibav(locateChosenLibav() ?? locateLibav());
}

/** An open file with its decoder. */
export class Clip implements Disposable {
  readonly interrupt: Interrupt;
  readonly input: Input;
  readonly decoder: Decoder;
  readonly packet: Packet;
  readonly frame: Frame;
  readonly #parts = new DisposableStack();

  constructor(libav: Libav, path: string, settings = { decoder: "auto", threads: 1 }) {
    this.interrupt = this.#parts.use(new Interrupt(libav));
    this.input = this.#parts.use(openInputSync(libav, {
      url: path,
      options: fileOptions(),
      interrupt: this.interrupt,
      findStreamInfo: true,
    }));
    this.decoder = this.#parts.use(Decoder.open(libav, this.input.video, settings));
    this.packet = this.#parts.use(new Packet(libav));
    this.frame = this.#parts.use(new Frame(libav));
  }

  /** Decodes to the end; calls `each` for every frame. */
  decodeAll(each: (frame: Frame) => void): { packets: number; keys: number; frames: number } {
    const count = { packets: 0, keys: 0, frames: 0 };
    const drain = () => {
      while (this.decoder.receive(this.frame) === "frame") {
        count.frames++;
        each(this.frame);
      }
    };
    while (this.input.readSync(this.packet) === "packet") {
      count.packets++;
      if (this.packet.isKey) count.keys++;
      assert.equal(this.decoder.send(this.packet), "ok");
      drain();
    }
    this.decoder.send(null);
    drain();
    return count;
  }

  /** Decodes up to the first frame. */
  first(): Frame {
    while (this.decoder.receive(this.frame) !== "frame") {
      const sent = this.input.readSync(this.packet) === "packet" ? this.packet : null;
      this.decoder.send(sent);
    }
    return this.frame;
  }

  [Symbol.dispose](): void {
    this.#parts.dispose();
  }
}

/** A folder that is removed on disposal. */
export class TempFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "orion-ffi-" });

  /** Runs ffmpeg; the last argument is a file name in this folder, whose path is returned. */
  async make(...args: string[]): Promise<string> {
    const path = `${this.path}/${args.pop()}`;
    await ffmpeg(...args, path);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Runs the ffmpeg program and returns its standard output. */
export async function ffmpeg(...args: string[]): Promise<Uint8Array> {
  const { code, stdout, stderr } = await new Deno.Command("ffmpeg", {
    args: ["-v", "error", "-nostdin", "-y", ...args],
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return stdout;
}

/** ffmpeg arguments that encode a short H.264 clip of a lavfi source. */
export function h264(source: string, ...more: string[]): string[] {
  const input = ["-f", "lavfi", "-i", source, "-frames:v", "3"];
  return [...input, "-c:v", "libx264", "-qp", "4", "-pix_fmt", "yuv420p", ...more];
}

/** Converts the first frame of a file into a network input. Values outside of the fit must be bars. */
export function firstTensor(
  libav: Libav,
  path: string,
  fitOf: (frame: Frame) => InputFit,
  input: TestInput,
): { tensor: Float32Array; fit: InputFit; format: string } {
  using clip = new Clip(libav, path);
  using converter = new TensorConverter(libav);
  const frame = clip.first();
  const fit = fitOf(frame);
  const buffer = new ArrayBuffer(inputBytes(input));
  converter.convert(frame, fit, buffer, { grey: input.bars, fill: true });
  // Again, without filling the bars: they must be unchanged.
  converter.convert(frame, fit, buffer, { grey: input.bars, fill: false });
  return {
    tensor: new Float32Array(buffer),
    fit,
    format: clip.decoder.pixelFormatName(frame.format),
  };
}

/**
 * The same conversion by the ffmpeg program: three planes of bytes, in its order green, blue, red. Its
 * packed RGB is up to three grey levels too dark.
 */
export function reference(path: string, crop: BoxPx, fit: InputFit): Promise<Uint8Array> {
  const filters = `crop=${crop.width}:${crop.height}:${crop.x}:${crop.y}:exact=1,` +
    `scale=${fit.width}:${fit.height}:flags=bilinear`;
  return ffmpeg(
    ...["-i", path, "-frames:v", "1", "-vf", filters, "-f", "rawvideo", "-pix_fmt", "gbrp", "-"],
  );
}

/** Largest mean difference between Orion's floats and ffmpeg's bytes, in grey levels. */
export const MEAN_TOLERANCE = 0.6;

/** Index of the red, green and blue plane in ffmpeg's planar RGB. */
const GBR = [2, 0, 1];

/** Compares a tensor with a reference: mean difference in grey levels, and damaged bar values. */
export function compare(
  tensor: Float32Array,
  fit: InputFit,
  input: TestInput,
  gbr: Uint8Array,
): { mean: number; damagedBars: number } {
  let sum = 0;
  let damagedBars = 0;
  const bars = Math.fround(input.bars);
  for (let plane = 0; plane < 3; plane++) {
    for (let y = 0; y < input.height; y++) {
      for (let x = 0; x < input.width; x++) {
        const value = tensor[(plane * input.height + y) * input.width + x] ?? NaN;
        const column = x - fit.dx;
        const row = y - fit.dy;
        if (column < 0 || row < 0 || column >= fit.width || row >= fit.height) {
          if (value !== bars) damagedBars++;
        } else {
          const theirs = (GBR[plane] ?? NaN) * fit.width * fit.height + row * fit.width + column;
          sum += Math.abs(value * 255 - (gbr[theirs] ?? NaN));
        }
      }
    }
  }
  return { mean: sum / (3 * fit.width * fit.height), damagedBars };
}

/** The code of an error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : `not coded: ${error}`;
}

/** Runs a function that must throw, and returns the code of its error. */
export function thrownCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return codeOf(error);
  }
  return "nothing was thrown";
}
