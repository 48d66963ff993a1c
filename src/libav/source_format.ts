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

/** What the converter has to know of a frame's pixel format. */
export interface SourceFormat {
  readonly number: number;
  readonly name: string;
  /** "yuvj420p" and alike: full range by definition. */
  readonly alwaysFullRange: boolean;
  /** Grey pictures are taken as full range unless the stream says otherwise, as in swscale. */
  readonly fullRangeUnlessTold: boolean;
  /**
   * Moves plane addresses to a crop's corner.
   * @throws {StreamError} when the corner cannot be addressed in this format
   */
  crop(crop: BoxPx, planes: BigUint64Array, strides: Int32Array): void;
}

/**
 * Looks a pixel format up.
 * @throws {StreamError} `STREAM_PIXEL_FORMAT` when swscale does not read it
 */
export function sourceFormat(libav: Libav, number: number): SourceFormat {
  const name = libav.pixelFormatName(number);
  const description = libav.avutil.av_pix_fmt_desc_get(number);
  if (description === NULL || libav.swscale.sws_isSupportedInput(number) <= 0) {
    throw new StreamError({
      code: "STREAM_PIXEL_FORMAT",
      message: `Cannot convert frames of pixel format ${name}`,
      retryable: false,
      remedy: "Set the camera's decoder to auto, or choose another codec in the camera.",
    });
  }
  const { memory } = libav;
  const at = STABLE.AVPixFmtDescriptor;
  const flags = Number(memory.u64(description + BigInt(at.flags)));
  const shifts = {
    x: memory.u8(description + BigInt(at.log2ChromaW)),
    y: memory.u8(description + BigInt(at.log2ChromaH)),
  };
  const offsets = new Int32Array(new ArrayBuffer(128), 0, PLANES);
  return {
    number,
    name,
    alwaysFullRange: name.startsWith("yuvj"),
    fullRangeUnlessTold: name.startsWith("gray") || name.startsWith("ya"),
    crop(crop, planes, strides) {
      if (crop.x === 0 && crop.y === 0) return;
      if ((flags & (BITSTREAM | HARDWARE | BAYER)) !== 0) throw uncroppable(name);
      if (crop.x % (1 << shifts.x) !== 0 || crop.y % (1 << shifts.y) !== 0) {
        throw misaligned(crop, name, shifts);
      }
      // The bytes that so many pixels take in each plane.
      const result = libav.avutil.av_image_fill_linesizes(offsets, number, crop.x);
      if (result < 0) throw uncroppable(name);
      for (let plane = 0; plane < PLANES; plane++) {
        const address = planes[plane] ?? 0n;
        // The palette is a table, not a part of the picture.
        if (address === 0n || (plane > 0 && (flags & PALETTE) !== 0)) continue;
        const isChroma = plane === 1 || plane === 2;
        const row = isChroma ? crop.y >> shifts.y : crop.y;
        const bytes = row * (strides[plane] ?? 0) + (crop.x === 0 ? 0 : offsets[plane] ?? 0);
        planes[plane] = address + BigInt(bytes);
      }
    },
  };
}

function uncroppable(name: string): StreamError {
  return new StreamError({
    code: "STREAM_PIXEL_FORMAT",
    message: `Cannot crop frames of pixel format ${name}`,
    retryable: false,
    remedy: "Remove the camera's roi, or choose another codec in the camera.",
  });
}

function misaligned(
  crop: BoxPx,
  name: string,
  shifts: { readonly x: number; readonly y: number },
): StreamError {
  return new StreamError({
    code: "STREAM_CROP",
    message: `Cannot crop ${name} at ${crop.x},${crop.y}: the corner lies between colour samples`,
    retryable: false,
    remedy: `Use a corner whose x is a multiple of ${1 << shifts.x} and y of ${1 << shifts.y}.`,
  });
}
