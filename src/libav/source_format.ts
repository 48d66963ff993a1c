import { StreamError } from "../core/errors.ts";
import type { BoxPx } from "../core/geometry.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { NULL } from "./pointers.ts";

const PLANES = 4;

// AV_PIX_FMT_FLAG_*
const PALETTE = 1 << 1;
const BITSTREAM = 1 << 2;
const HARDWARE = 1 << 3;
const BAYER = 1 << 8;

/**
 * Grey formats, each with its counterpart that has chroma planes and the bits of a sample. swscale (5.1)
 * treats missing chroma as green when it writes floats, so it is given neutral chroma planes.
 */
const GREY: Readonly<Record<string, { readonly format: string; readonly bits: number }>> = {
  gray: { format: "yuv420p", bits: 8 },
  gray10le: { format: "yuv420p10le", bits: 10 },
  gray12le: { format: "yuv420p12le", bits: 12 },
};
/** Samples that swscale may read past the end of a row. */
const ROW_SLACK = 64;

/** The properties of a frame's pixel format that conversion depends on. */
export interface SourceFormat {
  /** The format passed to swscale. */
  readonly number: number;
  readonly name: string;
  /** Full range by definition: "yuvj420p" and similar. */
  readonly alwaysFullRange: boolean;
  /** Full range unless the stream specifies a range: grey formats, as in swscale. */
  readonly fullRangeByDefault: boolean;
  /**
   * Moves a frame's plane addresses to the corner of a crop, and adjusts the strides, for swscale.
   * @throws {StreamError} when the crop's corner cannot be addressed in this format
   */
  prepare(crop: BoxPx, planes: BigUint64Array, strides: Int32Array): void;
}

/**
 * Looks up a pixel format.
 * @throws {StreamError} `STREAM_PIXEL_FORMAT` when it cannot be converted
 */
export function sourceFormat(libav: Libav, number: number): SourceFormat {
  const name = libav.pixelFormatName(number);
  const description = libav.avutil.av_pix_fmt_desc_get(number);
  if (description === NULL || libav.swscale.sws_isSupportedInput(number) <= 0) {
    throw unusable("convert", name);
  }
  const grey = GREY[name];
  if (grey !== undefined) return greyFormat(libav, name, number, grey);
  const { memory } = libav;
  const at = STABLE.AVPixFmtDescriptor;
  const flags = Number(memory.u64(description + BigInt(at.flags)));
  const components = memory.u8(description + BigInt(at.components));
  // Other grey formats: one component, with or without alpha, that is no palette index.
  if (components < 3 && (flags & (PALETTE | BAYER)) === 0) throw unusable("convert", name);
  const shifts = {
    x: memory.u8(description + BigInt(at.log2ChromaW)),
    y: memory.u8(description + BigInt(at.log2ChromaH)),
  };
  const move = mover(libav, number, shifts, (flags & PALETTE) !== 0);
  return {
    number,
    name,
    alwaysFullRange: name.startsWith("yuvj"),
    fullRangeByDefault: false,
    prepare(crop, planes, strides) {
      if (crop.x === 0 && crop.y === 0) return;
      if ((flags & (BITSTREAM | HARDWARE | BAYER)) !== 0) throw unusable("crop", name);
      if (crop.x % (1 << shifts.x) !== 0 || crop.y % (1 << shifts.y) !== 0) {
        throw misaligned(crop, name, shifts);
      }
      move(crop, planes, strides);
    },
  };
}

interface Shifts {
  readonly x: number;
  readonly y: number;
}

type Move = (crop: BoxPx, planes: BigUint64Array, strides: Int32Array) => void;

/** Makes a function that moves plane addresses to the corner of a crop. */
function mover(libav: Libav, number: number, shifts: Shifts, hasPalette: boolean): Move {
  const offsets = new Int32Array(new ArrayBuffer(128), 0, PLANES);
  return (crop, planes, strides) => {
    offsets.fill(0);
    // Bytes from the start of a row to the crop, per plane.
    if (crop.x > 0) libav.avutil.av_image_fill_linesizes(offsets, number, crop.x);
    for (let plane = 0; plane < PLANES; plane++) {
      const address = planes[plane] ?? 0n;
      // The palette is a table, not image data.
      if (address === 0n || (plane > 0 && hasPalette)) continue;
      const isChroma = plane === 1 || plane === 2;
      const row = isChroma ? crop.y >> shifts.y : crop.y;
      planes[plane] = address + BigInt(row * (strides[plane] ?? 0) + (offsets[plane] ?? 0));
    }
  };
}

function greyFormat(
  libav: Libav,
  name: string,
  grey: number,
  { format, bits }: { readonly format: string; readonly bits: number },
): SourceFormat {
  const number = libav.pixelFormat(format);
  if (number === null) throw unusable("convert", name);
  const move = mover(libav, grey, { x: 0, y: 0 }, false);
  let neutral = new ArrayBuffer(0);
  return {
    number,
    name,
    alwaysFullRange: false,
    fullRangeByDefault: true,
    prepare(crop, planes, strides) {
      const rowBytes = 2 * (crop.width + ROW_SLACK);
      const bytes = rowBytes * crop.height;
      if (neutral.byteLength < bytes) {
        neutral = new ArrayBuffer(bytes);
        const samples = bits === 8 ? new Uint8Array(neutral) : new Uint16Array(neutral);
        samples.fill(1 << (bits - 1));
      }
      move(crop, planes, strides);
      planes.fill(libav.memory.addressOf(neutral), 1, 3);
      strides.fill(rowBytes, 1, 3);
    },
  };
}

function unusable(action: string, name: string): StreamError {
  return new StreamError({
    code: "STREAM_PIXEL_FORMAT",
    message: `Cannot ${action} frames of pixel format ${name}`,
    retryable: false,
    remedy: action === "crop"
      ? "Remove the camera's roi, or choose another codec in the camera."
      : "Set the camera's decoder to auto, or choose another codec in the camera.",
  });
}

function misaligned(crop: BoxPx, name: string, shifts: Shifts): StreamError {
  return new StreamError({
    code: "STREAM_CROP",
    message: `Cannot crop ${name} at ${crop.x},${crop.y}: the corner lies between colour samples`,
    retryable: false,
    remedy: `Use a corner whose x is a multiple of ${1 << shifts.x} and y of ${1 << shifts.y}.`,
  });
}
