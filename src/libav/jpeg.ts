import { acrossSize, type Orientation, UPRIGHT, type View, walkOf } from "../core/display.ts";
import { StreamError } from "../core/errors.ts";
import type { BoxPx, SizePx } from "../core/geometry.ts";
import { BT601, coloursOf } from "./colours.ts";
import { Frame } from "./frame.ts";
import { Handle } from "./handle.ts";
import { STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { cString } from "./memory.ts";
import { Packet } from "./packet.ts";
import { NULL, type Ptr } from "./pointers.ts";
import { type SourceFormat, sourceFormat } from "./source_format.ts";

const SWS_BILINEAR = 2;
/** 1.0 in the 16.16 fixed point of contrast and saturation. */
const ONE = 1 << 16;
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
 * Encodes a frame as a JPEG in display orientation.
 *
 * Opens an encoder and scalers for each call: not for the hot path.
 * @param frame  owned by the caller
 * @param view  display size and orientation; default: as coded
 * @param part  default: the whole frame
 * @returns the bytes of the file, owned by the caller
 * @throws {StreamError} `STREAM_JPEG` when this libav cannot encode it; as `SourceFormat.prepare`
 */
export function encodeJpeg(
  libav: Libav,
  frame: Frame,
  { shown, orientation }: Pick<View, "shown" | "orientation"> = {
    shown: frame,
    orientation: UPRIGHT,
  },
  part: JpegPart | null = null,
): ArrayBuffer {
  const size = part?.size ?? jpegSize(shown);
  const crop = part?.crop ?? wholeOf(frame);
  using rgb = convert(libav, frame, crop, acrossSize(size, orientation), RGB_FORMAT);
  using turned = orientation === UPRIGHT ? null : turn(libav, rgb, size, orientation);
  const upright = turned ?? rgb;
  if (part !== null) paint(libav, upright, part.strokes);
  using image = convert(libav, upright, wholeOf(upright), size, JPEG_FORMAT);
  return encode(libav, image, size);
}

function encode(libav: Libav, image: Frame, size: SizePx): ArrayBuffer {
  const { avcodec, avutil } = libav;
  const codec = avcodec.avcodec_find_encoder_by_name(cString("mjpeg"));
  if (codec === NULL) throw failed("this libavcodec has no MJPEG encoder");
  const context = new Handle(
    libav,
    "encoder",
    avcodec.avcodec_alloc_context3(codec),
    avcodec.avcodec_free_context,
  );
  try {
    const at = context.address;
    const format = image.format;
    const timeBase = new Uint8Array(new Int32Array([1, 25]).buffer);
    must(
      "size",
      avutil.av_opt_set_image_size(at, cString("video_size"), size.width, size.height, 0),
    );
    must("format", avutil.av_opt_set_pixel_fmt(at, cString("pixel_format"), format, 0));
    must("time base", avutil.av_opt_set_q(at, cString("time_base"), timeBase, 0));
    must("encoder", avcodec.avcodec_open2(at, codec, NULL));
    must("frame", avcodec.avcodec_send_frame(at, image.pointer));
    using packet = new Packet(libav);
    must("packet", avcodec.avcodec_receive_packet(at, packet.pointer));
    packet.refresh();
    const bytes = new ArrayBuffer(packet.sizeBytes);
    const data = libav.memory.u64(packet.pointer + BigInt(STABLE.AVPacket.data));
    libav.memory.read(data, bytes, bytes.byteLength);
    return bytes;
  } finally {
    context.free();
  }
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

function wholeOf({ width, height }: SizePx): BoxPx {
  return { x: 0, y: 0, width, height };
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
    throw failed("the planes of a picture differ");
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

/** Converts a part to another pixel format and size. */
function convert(
  libav: Libav,
  frame: Frame,
  crop: BoxPx,
  size: SizePx,
  formatName: string,
): Frame {
  const { swscale } = libav;
  const format = sourceFormat(libav, frame.format);
  const result = blank(libav, size, formatName);
  try {
    const scaler = swscale.sws_getContext(
      crop.width,
      crop.height,
      format.number,
      size.width,
      size.height,
      result.format,
      SWS_BILINEAR,
      NULL,
      NULL,
      NULL,
    );
    if (scaler === NULL) throw failed(`it cannot convert ${format.name}`);
    try {
      setColours(libav, scaler, frame, format);
      const from = planesOf(frame);
      format.prepare(crop, from.planes, from.strides);
      const to = planesOf(result);
      const rows = swscale.sws_scale(
        scaler,
        from.planes,
        from.strides,
        0,
        crop.height,
        to.planes,
        to.strides,
      );
      if (rows === size.height) return result;
      throw failed(`the conversion of ${format.name} wrote ${rows} of ${size.height} rows`);
    } finally {
      swscale.sws_freeContext(scaler);
    }
  } catch (error) {
    result[Symbol.dispose]();
    throw error;
  }
}

/** Allocates a frame. */
function blank(libav: Libav, size: SizePx, formatName: string): Frame {
  const { avutil, memory } = libav;
  const format = libav.pixelFormat(formatName);
  if (format === null) throw failed(`this libavutil has no ${formatName}`);
  const result = new Frame(libav);
  try {
    // Width and height are adjacent, and the format follows a field that is 0 for video.
    const at = result.pointer;
    const { width, height, format: formatAt } = STABLE.AVFrame;
    if (height !== width + 4) throw failed("the layout of a frame is not the known one");
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

/** Sets the frame's colour space and range, in place of swscale's defaults. */
function setColours(
  { swscale }: Libav,
  scaler: Ptr<"SwsContext">,
  frame: Frame,
  format: SourceFormat,
): void {
  const { matrix, full } = coloursOf(frame, format);
  const from = swscale.sws_getCoefficients(matrix);
  const to = swscale.sws_getCoefficients(BT601);
  // Fails for sources without a colour matrix (RGB), which need none.
  swscale.sws_setColorspaceDetails(scaler, from, full ? 1 : 0, to, 1, 0, ONE, ONE);
}

function planesOf(frame: Frame) {
  // Larger than 64 bytes each: V8 allocates smaller buffers on the heap that it compacts.
  const planes = new BigUint64Array(new ArrayBuffer(128), 0, 4);
  const strides = new Int32Array(new ArrayBuffer(128), 0, 4);
  frame.planes(planes);
  frame.linesizes(strides);
  return { planes, strides };
}

function must(what: string, result: number): void {
  if (result < 0) throw failed(`${what}: ${result}`);
}

function failed(why: string): StreamError {
  return new StreamError({
    code: "STREAM_JPEG",
    message: `Cannot encode a frame as JPEG: ${why}`,
    retryable: false,
    remedy: "Use a libav with its MJPEG encoder, as the distributions ship it.",
  });
}
