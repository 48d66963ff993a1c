/** Conversion of frames to images in memory of their own. */
import type { BoxPx, SizePx } from "../core/geometry.ts";
import { BT601, type Colours, coloursOf } from "./colours.ts";
import { Frame } from "./frame.ts";
import { jpegFailed, must } from "./jpeg_error.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { NULL, type Ptr } from "./pointers.ts";
import { type SourceFormat, sourceFormat } from "./source_format.ts";

const SWS_BILINEAR = 2;
/** 1.0 in the 16.16 fixed point of contrast and saturation. */
const ONE = 1 << 16;

/** From what to what frames are converted. */
interface ConversionPlan {
  readonly from: SizePx;
  readonly format: number;
  readonly colours: Colours;
  readonly to: SizePx;
}

/** Converts parts of frames to another pixel format and size, all of them into the same frame. */
export class ImageConversion {
  readonly #libav: Libav;
  readonly #formatName: string;
  #open:
    | { readonly plan: ConversionPlan; readonly scaler: Ptr<"SwsContext">; readonly into: Frame }
    | null = null;

  constructor(libav: Libav, formatName: string) {
    this.#libav = libav;
    this.#formatName = formatName;
  }

  /** @returns the converted part, which stays this object's, until the next one */
  convert(frame: Frame, crop: BoxPx, size: SizePx): Frame {
    const format = sourceFormat(this.#libav, frame.format);
    const colours = coloursOf(frame, format);
    const { scaler, into } = this.#opened(
      { from: crop, format: format.number, colours, to: size },
      format,
    );
    const from = planesOf(frame);
    format.prepare(crop, from.planes, from.strides);
    const to = planesOf(into);
    const rows = this.#libav.swscale.sws_scale(
      scaler,
      from.planes,
      from.strides,
      0,
      crop.height,
      to.planes,
      to.strides,
    );
    if (rows === size.height) return into;
    throw jpegFailed(`the conversion of ${format.name} wrote ${rows} of ${size.height} rows`);
  }

  release(): void {
    if (this.#open === null) return;
    const { scaler, into } = this.#open;
    this.#open = null;
    this.#libav.swscale.sws_freeContext(scaler);
    this.#libav.count("scaler", -1);
    into[Symbol.dispose]();
  }

  #opened(plan: ConversionPlan, { name }: SourceFormat) {
    if (this.#open !== null && isSame(this.#open.plan, plan)) return this.#open;
    this.release();
    const libav = this.#libav;
    const { from, to, colours: { matrix, full } } = plan;
    const into = blank(libav, to, this.#formatName);
    const scaler = libav.swscale.sws_getContext(
      from.width,
      from.height,
      plan.format,
      to.width,
      to.height,
      into.format,
      SWS_BILINEAR,
      NULL,
      NULL,
      NULL,
    );
    if (scaler === NULL) {
      into[Symbol.dispose]();
      throw jpegFailed(`it cannot convert ${name}`);
    }
    libav.count("scaler", 1);
    const { swscale } = libav;
    const [given, wanted] = [
      swscale.sws_getCoefficients(matrix),
      swscale.sws_getCoefficients(BT601),
    ];
    // Fails for sources without a colour matrix (RGB), which need none.
    swscale.sws_setColorspaceDetails(scaler, given, full ? 1 : 0, wanted, 1, 0, ONE, ONE);
    this.#open = { plan: { ...plan, from: sizeOf(from), to: sizeOf(to) }, scaler, into };
    return this.#open;
  }
}

function sizeOf({ width, height }: SizePx): SizePx {
  return { width, height };
}

function isSame(one: ConversionPlan, other: ConversionPlan): boolean {
  return one.format === other.format && isSameSize(one.from, other.from) &&
    isSameSize(one.to, other.to) && one.colours.matrix === other.colours.matrix &&
    one.colours.full === other.colours.full;
}

export function isSameSize(one: SizePx, other: SizePx): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Allocates a frame. */
export function blank(libav: Libav, size: SizePx, formatName: string): Frame {
  const { avutil, memory } = libav;
  const format = libav.pixelFormat(formatName);
  if (format === null) throw jpegFailed(`this libavutil has no ${formatName}`);
  const result = new Frame(libav);
  try {
    // Width and height are adjacent, and the format follows a field that is 0 for video.
    const at = result.pointer;
    const { width, height, format: formatAt } = STABLE.AVFrame;
    if (height !== width + 4) throw jpegFailed("the layout of a frame is not the known one");
    memory.writeU64(at + BigInt(width), BigInt(size.width) | (BigInt(size.height) << 32n));
    memory.writeU64(at + BigInt(formatAt - 4), BigInt(format) << 32n);
    must("buffer", avutil.av_frame_get_buffer(at, 0));
    result.refresh();
    return result;
  } catch (error) {
    result[Symbol.dispose]();
    throw error;
  }
}

/** The addresses of a frame's planes, and the bytes from row to row. */
export function planesOf(frame: Frame) {
  // Larger than 64 bytes each: V8 allocates smaller buffers on the heap that it compacts.
  const planes = new BigUint64Array(new ArrayBuffer(128), 0, 4);
  const strides = new Int32Array(new ArrayBuffer(128), 0, 4);
  frame.planes(planes);
  frame.linesizes(strides);
  return { planes, strides };
}
