import { assertAttached } from "../core/assert.ts";
import { LifecycleError } from "../core/errors.ts";
import { acrossSize, type Orientation, UPRIGHT, walkOf } from "../core/display.ts";
import type { BoxPx, InputFit, SizePx } from "../core/geometry.ts";
import { inputBytes } from "../core/model_input.ts";
import { coloursOf } from "./colours.ts";
import type { Frame } from "./frame.ts";
import type { Libav } from "./library.ts";
import type { Ptr } from "./pointers.ts";
import { overrunsPlane, restoreBars, ROW_STEP_FLOATS, rowFloats } from "./row_overrun.ts";
import { openScaler, type Scaler, SWS_BILINEAR } from "./scaler.ts";
import { type SourceFormat, sourceFormat } from "./source_format.ts";
import { tensorFormat } from "./tensor_format.ts";
import { turnPlane } from "./turn_plane.ts";

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const PLANES = 4;

export interface ConverterOptions {
  /** `SWS_*` scaling flags, for measurements. */
  readonly flags?: number;
}

/** The part of the coded frame that a fit (in display orientation) refers to. */
export interface CodedPart {
  /** In coded pixels. */
  readonly crop: BoxPx;
  /** The display orientation to apply. */
  readonly orientation: Orientation;
}

/**
 * Converts frames into network inputs: crops, scales, converts colours, letterboxes and lays out the
 * tensor in one `sws_scale`, directly into the caller's buffer.
 *
 * `AV_PIX_FMT_GBRPF32` is three planes of float32 in 0..1. Given the addresses of a tensor's R, G and B
 * planes in the order G, B, R, swscale writes NCHW RGB. The crop is an offset on the source planes, the
 * letterbox one on the tensor's. The scale includes the pixel aspect. Frames to rotate or mirror, which
 * swscale cannot do, are scaled into an intermediate buffer and copied from there.
 *
 * Colours: as the stream specifies. A stream that specifies none is taken as BT.601 with limited range
 * at any size, like the ffmpeg program and OpenCV, which models were trained and compared with. (Players
 * assume BT.709 for high resolutions.)
 *
 * Scaling is bilinear over the whole area that a target pixel covers, so that shrinking does not alias.
 *
 * Keeps one scaler, which it replaces when the crop size, the target size, the pixel format or the
 * colours change: use one converter per network input.
 */
export class TensorConverter implements Disposable {
  readonly #libav: Libav;
  readonly #flags: number;
  readonly #tensorFormat: number;
  readonly #formats = new Map<number, SourceFormat>();
  #scaler: Scaler | null = null;
  #spare: { readonly address: Ptr<"void">; readonly bytes: number } | null = null;
  #unrotated = new Float32Array(0);
  #disposed = false;
  /** Number of scalers made so far. */
  scalersMade = 0;

  // Larger than 64 bytes each: V8 allocates smaller buffers on the heap that it compacts.
  readonly #sourcePlanes = new BigUint64Array(new ArrayBuffer(128), 0, PLANES);
  readonly #sourceStrides = new Int32Array(new ArrayBuffer(128), 0, PLANES);
  readonly #tensorPlanes = new BigUint64Array(new ArrayBuffer(128), 0, PLANES);
  readonly #tensorStrides = new Int32Array(new ArrayBuffer(128), 0, PLANES);

  constructor(libav: Libav, options: ConverterOptions = {}) {
    this.#libav = libav;
    this.#flags = options.flags ?? SWS_BILINEAR;
    this.#tensorFormat = tensorFormat(libav);
    libav.count("converter", 1);
  }

  /**
   * Writes `frame` into `buffer` as a network input.
   *
   * @param fit       maps a part of the frame in display orientation to the input, from `letterbox`
   * @param buffer    at least `inputBytes(fit.input)` bytes, of which the first become the tensor:
   *   float32, NCHW, RGB, 0..1
   * @param bars      the grey level of the letterbox bars, and whether to fill them: false if the buffer
   *   already has them
   * @param part      the coded part that `fit` refers to; default: upright. Its crop lies within the
   *   frame, its corner on a whole chroma sample (even numbers for 4:2:0)
   * @throws {StreamError} `STREAM_PIXEL_FORMAT` for a pixel format that cannot be converted or
   *   cropped, `STREAM_CROP` for a crop between two chroma samples
   */
  convert(
    frame: Frame,
    fit: InputFit,
    buffer: ArrayBuffer,
    bars: { readonly grey: number; readonly fill: boolean },
    part: CodedPart = { crop: fit.crop, orientation: UPRIGHT },
  ): void {
    const { crop, orientation } = part;
    this.#assertFits(frame, crop, fit, buffer);
    const { input } = fit;
    const format = this.#formatOf(frame.format);
    frame.planes(this.#sourcePlanes);
    frame.linesizes(this.#sourceStrides);
    format.prepare(crop, this.#sourcePlanes, this.#sourceStrides);
    const scaler = this.#scalerFor(frame, crop, acrossSize(fit, orientation), format);
    if (bars.fill) new Float32Array(buffer, 0, 3 * input.width * input.height).fill(bars.grey);
    if (orientation !== UPRIGHT) return this.#scaleRotated(scaler, orientation, fit, buffer);
    const base = this.#libav.memory.addressOf(buffer);
    const planeBytes = input.width * input.height * FLOAT_BYTES;
    const corner = base + BigInt((fit.dy * input.width + fit.dx) * FLOAT_BYTES);
    if (overrunsPlane(fit)) {
      this.#scaleWithPadding(scaler, fit, corner);
    } else {
      this.#scale(scaler, corner, planeBytes, input.width * FLOAT_BYTES);
      restoreBars(fit, bars.grey, buffer);
    }
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#dropScaler();
    this.#freeSpare();
    this.#libav.count("converter", -1);
  }

  #assertFits(frame: Frame, crop: BoxPx, fit: InputFit, buffer: ArrayBuffer): void {
    if (this.#disposed) throw new LifecycleError("this converter was disposed of");
    assertAttached(buffer, "converter");
    const { input } = fit;
    const wanted = inputBytes(input);
    if (buffer.byteLength < wanted) {
      throw new LifecycleError(`a buffer of ${buffer.byteLength} bytes for a tensor of ${wanted}`);
    }
    if (input.width < ROW_STEP_FLOATS) {
      throw new LifecycleError(
        `a network input ${input.width} wide, at least ${ROW_STEP_FLOATS} expected`,
      );
    }
    // swscale does not check bounds: it would read and write other memory.
    if (frame.isEmpty) throw new LifecycleError("the frame to convert is empty");
    if (!isWithin(crop, frame)) throw new LifecycleError("the crop leaves the frame");
    const target = { x: fit.dx, y: fit.dy, width: fit.width, height: fit.height };
    if (!isWithin(target, input)) throw new LifecycleError("the fit leaves the network input");
  }

  /** Scales into three planes of floats that start at `corner`: red, green, blue. */
  #scale(scaler: Scaler, corner: bigint, planeBytes: number, strideBytes: number): void {
    // swscale orders the planes G, B, R.
    this.#tensorPlanes[0] = corner + BigInt(planeBytes);
    this.#tensorPlanes[1] = corner + BigInt(2 * planeBytes);
    this.#tensorPlanes[2] = corner;
    this.#tensorStrides.fill(strideBytes, 0, 3);
    const rows = this.#libav.swscale.sws_scale(
      scaler.context,
      this.#sourcePlanes,
      this.#sourceStrides,
      0,
      scaler.sourceHeight,
      this.#tensorPlanes,
      this.#tensorStrides,
    );
    if (rows === scaler.height) return;
    throw this.#libav.error({ action: "Cannot convert a frame", averror: Math.min(rows, -1) });
  }

  /** Scales into a spare buffer whose rows hold the overrun, and copies the rows from there. */
  #scaleWithPadding(scaler: Scaler, fit: InputFit, corner: bigint): void {
    const { input } = fit;
    const strideBytes = rowFloats(fit.width) * FLOAT_BYTES;
    const planeBytes = strideBytes * fit.height;
    const spare = this.#spareOf(3 * planeBytes);
    this.#scale(scaler, spare, planeBytes, strideBytes);
    const rowBytes = BigInt(fit.width * FLOAT_BYTES);
    for (let plane = 0; plane < 3; plane++) {
      for (let row = 0; row < fit.height; row++) {
        const from = spare + BigInt(plane * planeBytes + row * strideBytes);
        const to = corner + BigInt((plane * input.height + row) * input.width * FLOAT_BYTES);
        this.#libav.avutil.copy(to, from, rowBytes);
      }
    }
  }

  /** Scales in coded orientation into a spare buffer, and copies from there in display orientation. */
  #scaleRotated(
    scaler: Scaler,
    orientation: Orientation,
    fit: InputFit,
    buffer: ArrayBuffer,
  ): void {
    const stride = rowFloats(scaler.width);
    const plane = stride * scaler.height;
    if (this.#unrotated.length < 3 * plane) this.#unrotated = new Float32Array(3 * plane);
    const from = this.#unrotated;
    const address = this.#libav.memory.addressOf(from.buffer);
    this.#scale(scaler, address, plane * FLOAT_BYTES, stride * FLOAT_BYTES);
    const walk = walkOf(scaler, stride, orientation);
    const tensor = new Float32Array(buffer);
    const { input, width, height, dx, dy } = fit;
    for (let number = 0; number < 3; number++) {
      const start = (number * input.height + dy) * input.width + dx;
      const part = { start, stride: input.width, width, height };
      turnPlane({ from, offset: number * plane, walk }, tensor, part);
    }
  }

  #spareOf(bytes: number): Ptr<"void"> {
    if (this.#spare !== null && this.#spare.bytes >= bytes) return this.#spare.address;
    this.#freeSpare();
    this.#spare = { address: this.#libav.memory.allocate(bytes), bytes };
    return this.#spare.address;
  }

  #freeSpare(): void {
    if (this.#spare !== null) this.#libav.memory.free(this.#spare.address);
    this.#spare = null;
  }

  #formatOf(format: number): SourceFormat {
    const known = this.#formats.get(format);
    if (known !== undefined) return known;
    const found = sourceFormat(this.#libav, format);
    this.#formats.set(format, found);
    return found;
  }

  #scalerFor(frame: Frame, crop: SizePx, size: SizePx, format: SourceFormat): Scaler {
    const { matrix, full } = coloursOf(frame, format);
    const old = this.#scaler;
    if (
      old !== null && old.sourceWidth === crop.width && old.sourceHeight === crop.height &&
      old.format === format.number && old.width === size.width && old.height === size.height &&
      old.matrix === matrix && old.full === full
    ) {
      return old;
    }
    this.#dropScaler();
    this.#scaler = openScaler(this.#libav, {
      sourceWidth: crop.width,
      sourceHeight: crop.height,
      format: format.number,
      formatName: format.name,
      width: size.width,
      height: size.height,
      matrix,
      full,
    }, { format: this.#tensorFormat, flags: this.#flags });
    this.scalersMade++;
    return this.#scaler;
  }

  #dropScaler(): void {
    if (this.#scaler === null) return;
    this.#libav.swscale.sws_freeContext(this.#scaler.context);
    this.#libav.count("scaler", -1);
    this.#scaler = null;
  }
}

function isWithin(
  box: SizePx & { readonly x: number; readonly y: number },
  outer: SizePx,
): boolean {
  return Number.isInteger(box.x) && Number.isInteger(box.y) && Number.isInteger(box.width) &&
    Number.isInteger(box.height) && box.x >= 0 && box.y >= 0 && box.width > 0 &&
    box.height > 0 && box.x + box.width <= outer.width && box.y + box.height <= outer.height;
}
