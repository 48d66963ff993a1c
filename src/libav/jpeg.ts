import { acrossSize, type Orientation, UPRIGHT, type View, walkOf } from "../core/display.ts";
import { type BoxPx, type SizePx, wholeOf } from "../core/geometry.ts";
import type { Frame } from "./frame.ts";
import { blank, ImageConversion, planesOf } from "./image_conversion.ts";
import { jpegFailed } from "./jpeg_error.ts";
import type { Libav } from "./library.ts";
import { MjpegEncoder } from "./mjpeg_encoder.ts";

/** Input of libav's MJPEG encoder in every release: 4:2:0, full range, BT.601 by the JPEG standard. */
const JPEG_FORMAT = "yuvj420p";
/** Intermediate format: swscale (5.1) ignores a given range when it converts YUV to YUV. */
const RGB_FORMAT = "gbrp";
const RGB_PLANES = 3;

/** Larger frames are halved until they are at most this wide: a snapshot travels as one message. */
const MAX_WIDTH = 1920;

/** A part of a frame, as it is encoded. */
export interface JpegPart {
  /** In pixels as coded, within the frame; the corner is on a whole chroma sample. */
  readonly crop: BoxPx;
  /** The size of the JPEG: that of the part as shown, or smaller. */
  readonly size: SizePx;
  /** Painted one upon another. */
  readonly strokes: readonly JpegStroke[];
}

/** Pixels of one colour. */
export interface JpegStroke {
  /** Red, green and blue, 0..255. */
  readonly colour: readonly [red: number, green: number, blue: number];
  /**
   * Which pixels: pairs of start and length, in pixels from the top left as shown; they may overlap.
   * @param stride from one row to the next
   */
  readonly spans: (stride: number) => Int32Array;
}

/**
 * Encodes frames as JPEGs in display orientation. What it opens for one it keeps for the next, until
 * {@link release} or disposal: about 3 bytes for each pixel of the JPEG.
 */
export class JpegEncoder implements Disposable {
  readonly #libav: Libav;
  readonly #toRgb: ImageConversion;
  readonly #toJpeg: ImageConversion;
  #encoder: MjpegEncoder | null = null;

  constructor(libav: Libav) {
    this.#libav = libav;
    this.#toRgb = new ImageConversion(libav, RGB_FORMAT);
    this.#toJpeg = new ImageConversion(libav, JPEG_FORMAT);
  }

  /**
   * Encodes a frame.
   * @param frame  owned by the caller
   * @param view  display size and orientation; default: as coded
   * @param part  default: the whole frame
   * @returns the bytes of the file, owned by the caller
   * @throws {StreamError} `STREAM_JPEG` when this libav cannot encode it; as `SourceFormat.prepare`
   */
  encode(
    frame: Frame,
    { shown, orientation }: Pick<View, "shown" | "orientation"> = {
      shown: frame,
      orientation: UPRIGHT,
    },
    part: JpegPart | null = null,
  ): ArrayBuffer {
    const libav = this.#libav;
    const size = part?.size ?? jpegSize(shown);
    const crop = part?.crop ?? wholeOf(frame);
    const rgb = this.#toRgb.convert(frame, crop, acrossSize(size, orientation));
    using turned = orientation === UPRIGHT ? null : turn(libav, rgb, size, orientation);
    const upright = turned ?? rgb;
    if (part !== null) paint(libav, upright, part.strokes);
    const image = this.#toJpeg.convert(upright, wholeOf(upright), size);
    if (this.#encoder?.isFor(image) !== true) {
      this.#encoder?.[Symbol.dispose]();
      this.#encoder = null;
      this.#encoder = new MjpegEncoder(libav, image);
    }
    return this.#encoder.encode(image);
  }

  /** Frees what it has opened; the next frame opens it again. */
  release(): void {
    this.#toRgb.release();
    this.#toJpeg.release();
    this.#encoder?.[Symbol.dispose]();
    this.#encoder = null;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Encodes one frame; parameters and errors as of {@link JpegEncoder.encode}. Not for the hot path. */
export function encodeJpeg(
  libav: Libav,
  ...picture: Parameters<JpegEncoder["encode"]>
): ArrayBuffer {
  using encoder = new JpegEncoder(libav);
  return encoder.encode(...picture);
}

/** The frame's size, halved until it is no wider than {@link MAX_WIDTH}, and at least one chroma sample. */
function jpegSize(shown: SizePx): SizePx {
  let { width, height } = shown;
  while (width > MAX_WIDTH) {
    width /= 2;
    height /= 2;
  }
  return { width: Math.max(2, Math.floor(width)), height: Math.max(2, Math.floor(height)) };
}

/** Paints pixels of a planar RGB frame, in copies of its planes: a call for each of thousands of spans is slow. */
function paint(libav: Libav, rgb: Frame, strokes: readonly JpegStroke[]): void {
  const { planes, strides } = planesOf(rgb);
  const stride = strides[0] ?? 0;
  const painted = strokes.map(({ colour: [red, green, blue], spans }) => ({
    // In the order of the planes.
    levels: [green, blue, red],
    spans: spans(stride),
  })).filter(({ spans }) => spans.length > 0);
  if (painted.length === 0) return;
  if (strides.subarray(0, RGB_PLANES).some((each) => each !== stride)) {
    throw jpegFailed("the planes of a picture differ");
  }
  const values = new Uint8Array(stride * rgb.height);
  for (let plane = 0; plane < RGB_PLANES; plane++) {
    const address = planes[plane] ?? 0n;
    libav.memory.read(address, values.buffer, values.length);
    for (const { levels, spans } of painted) {
      const level = levels[plane] ?? 0;
      for (let index = 0; index + 1 < spans.length; index += 2) {
        const start = spans[index] ?? 0;
        values.fill(level, start, start + (spans[index + 1] ?? 0));
      }
    }
    libav.memory.writeBytes(address, values);
  }
}

/** Copies a planar RGB frame, rotated or mirrored to `size`. */
function turn(libav: Libav, rgb: Frame, size: SizePx, orientation: Orientation): Frame {
  const result = blank(libav, size, RGB_FORMAT);
  const from = planesOf(rgb);
  const to = planesOf(result);
  for (let plane = 0; plane < RGB_PLANES; plane++) {
    const stride = from.strides[plane] ?? 0;
    const coded = new Uint8Array(stride * rgb.height);
    libav.memory.read(from.planes[plane] ?? 0n, coded.buffer, coded.length);
    const { start, stepX, stepY } = walkOf(rgb, stride, orientation);
    const into = to.strides[plane] ?? 0;
    const shown = new Uint8Array(into * size.height);
    for (let y = 0; y < size.height; y++) {
      for (let x = 0; x < size.width; x++) {
        shown[y * into + x] = coded[start + y * stepY + x * stepX] ?? 0;
      }
    }
    libav.memory.writeBytes(to.planes[plane] ?? 0n, shown);
  }
  return result;
}
