import { assertAttached } from "../core/assert.ts";
import { LifecycleError } from "../core/errors.ts";
import { acrossSize, type Orientation, UPRIGHT, walkOf } from "../core/display.ts";
import type { BoxPx, Fit, SizePx } from "../core/geometry.ts";
import { inputBytes, type InputShape } from "../core/model_input.ts";
import { coloursOf } from "./colours.ts";
import type { Frame } from "./frame.ts";
import { type Libav, TENSOR_FORMAT } from "./library.ts";
import type { Ptr } from "./pointers.ts";
import { overrunLeaves, restoreBars, ROW_STEP_FLOATS, rowFloats } from "./row_overrun.ts";
import { openScaler, type Scaler, SWS_BILINEAR } from "./scaler.ts";
import { type SourceFormat, sourceFormat } from "./source_format.ts";
import { turnPlane } from "./turn_plane.ts";

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;
const PLANES = 4;

export interface ConverterOptions {
  /** `SWS_*`: how pixels are averaged. For measurements. */
  readonly flags?: number;
}

/** Where a fitted part of the picture as shown lies in the coded one. */
export interface CodedPart {
  /** In coded pixels. */
  readonly crop: BoxPx;
  /** How it has to be turned. */
  readonly orientation: Orientation;
}

/**
 * Turns decoded frames into network inputs: crop, scale, colour, letterbox and the layout of the
 * tensor in one `sws_scale`, straight into the caller's buffer.
 *
 * `AV_PIX_FMT_GBRPF32` is three planes of float32 in 0..1; given the planes' addresses in the order
 * G, B, R of a tensor laid out R, G, B it writes NCHW RGB. The crop is an offset on the source's
 * planes, the letterbox one on the tensor's. Pixels that are no squares are part of the scale. What has
 * to be turned or mirrored, which swscale cannot, is scaled into memory of our own and copied from there.
 *
 * Colours: BT.709, BT.2020, BT.601 and so on as the stream says. A stream that says nothing is taken
 * as BT.601 of limited range whatever its size, as the ffmpeg program and OpenCV take it, which is
 * what models were trained and compared with. (Players guess BT.709 for tall pictures.)
 *
 * Scaling is bilinear over the whole area that a pixel of the result covers, so that shrinking does
 * not alias.
 *
 * Keeps one scaler, and makes a new one when the crop's or the result's size, the pixel format or the
 * colours change: use one converter for each network input.
 */
export class TensorConverter implements Disposable {
  readonly #libav: Libav;
  readonly #flags: number;
  readonly #tensorFormat: number;
  readonly #formats = new Map<number, SourceFormat>();
  #scaler: Scaler | null = null;
  #aside: { readonly address: Ptr<"void">; readonly bytes: number } | null = null;
  #unturned = new Float32Array(0);
  #disposed = false;
  /** How many scalers were made so far. */
  scalersMade = 0;

  // Larger than 64 bytes each, so that V8 keeps them outside of the heap it compacts.
  readonly #sourcePlanes = new BigUint64Array(new ArrayBuffer(128), 0, PLANES);
  readonly #sourceStrides = new Int32Array(new ArrayBuffer(128), 0, PLANES);
  readonly #tensorPlanes = new BigUint64Array(new ArrayBuffer(128), 0, PLANES);
  readonly #tensorStrides = new Int32Array(new ArrayBuffer(128), 0, PLANES);

  constructor(libav: Libav, options: ConverterOptions = {}) {
    this.#libav = libav;
    this.#flags = options.flags ?? SWS_BILINEAR;
    const format = libav.pixelFormat(TENSOR_FORMAT);
    if (format === null) throw new LifecycleError(`libav has no ${TENSOR_FORMAT}`);
    this.#tensorFormat = format;
    libav.count("converter", 1);
  }

  /**
   * Writes `frame` into `buffer` as a network input.
   *
   * @param fit       which part of the picture as shown goes where, from `letterbox`
   * @param buffer    exactly `inputBytes(input)` long: float32, NCHW, RGB, 0..1
   * @param fillBars  write the letterbox bars as well; false if they are there from the last time
   * @param part      where that part is in the frame; absent for one that is shown as it is coded. Its
   *   crop lies within the frame, its corner on a whole chroma sample (even numbers for 4:2:0)
   * @throws {StreamError} `STREAM_PIXEL_FORMAT` for a pixel format that cannot be converted or
   *   cropped, `STREAM_CROP` for a crop between two chroma samples
   */
  convert(
    frame: Frame,
    fit: Fit,
    input: InputShape,
    buffer: ArrayBuffer,
    fillBars: boolean,
    part: CodedPart = { crop: fit.crop, orientation: UPRIGHT },
  ): void {
    const { crop, orientation } = part;
    this.#assertFits(frame, crop, fit, input, buffer);
    const format = this.#formatOf(frame.format);
    frame.planes(this.#sourcePlanes);
    frame.linesizes(this.#sourceStrides);
    format.prepare(crop, this.#sourcePlanes, this.#sourceStrides);
    const scaler = this.#scalerFor(frame, crop, acrossSize(fit, orientation), format);
    if (fillBars) new Float32Array(buffer).fill(input.bars);
    if (orientation !== UPRIGHT) return this.#scaleTurned(scaler, orientation, fit, input, buffer);
    const base = this.#libav.memory.addressOf(buffer);
    const planeBytes = input.width * input.height * FLOAT_BYTES;
    const corner = base + BigInt((fit.dy * input.width + fit.dx) * FLOAT_BYTES);
    if (overrunLeaves(fit, input)) {
      this.#scaleAside(scaler, fit, input, corner);
    } else {
      this.#scale(scaler, corner, planeBytes, input.width * FLOAT_BYTES);
      restoreBars(fit, input, buffer);
    }
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#dropScaler();
    this.#dropAside();
    this.#libav.count("converter", -1);
  }

  #assertFits(
    frame: Frame,
    crop: BoxPx,
    fit: Fit,
    input: InputShape,
    buffer: ArrayBuffer,
  ): void {
    if (this.#disposed) throw new LifecycleError("this converter was disposed of");
    assertAttached(buffer, "converter");
    const wanted = inputBytes(input);
    if (buffer.byteLength !== wanted) {
      throw new LifecycleError(`a tensor of ${buffer.byteLength} bytes, expected ${wanted}`);
    }
    if (input.width < ROW_STEP_FLOATS) {
      throw new LifecycleError(
        `a network input ${input.width} wide, at least ${ROW_STEP_FLOATS} expected`,
      );
    }
    // What lies outside would be read and written all the same: other memory.
    if (frame.isEmpty) throw new LifecycleError("the frame to convert is empty");
    if (!isWithin(crop, frame)) throw new LifecycleError("the crop leaves the frame");
    const target = { x: fit.dx, y: fit.dy, width: fit.width, height: fit.height };
    if (!isWithin(target, input)) throw new LifecycleError("the fit leaves the network input");
  }

  /** Scales into three planes of floats that begin at `corner`: red, green, blue. */
  #scale(scaler: Scaler, corner: bigint, planeBytes: number, strideBytes: number): void {
    // swscale's planes are in the order G, B, R.
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

  /** Scales into memory of our own whose rows are long enough, and copies the rows from there. */
  #scaleAside(scaler: Scaler, fit: Fit, input: InputShape, corner: bigint): void {
    const strideBytes = rowFloats(fit.width) * FLOAT_BYTES;
    const planeBytes = strideBytes * fit.height;
    const aside = this.#asideOf(3 * planeBytes);
    this.#scale(scaler, aside, planeBytes, strideBytes);
    const rowBytes = BigInt(fit.width * FLOAT_BYTES);
    for (let plane = 0; plane < 3; plane++) {
      for (let row = 0; row < fit.height; row++) {
        const from = aside + BigInt(plane * planeBytes + row * strideBytes);
        const to = corner + BigInt((plane * input.height + row) * input.width * FLOAT_BYTES);
        this.#libav.avutil.copy(to, from, rowBytes);
      }
    }
  }

  /** Scales as coded into memory of our own, and copies from there in the order in which it is shown. */
  #scaleTurned(
    scaler: Scaler,
    orientation: Orientation,
    fit: Fit,
    input: InputShape,
    buffer: ArrayBuffer,
  ): void {
    const stride = rowFloats(scaler.width);
    const plane = stride * scaler.height;
    if (this.#unturned.length < 3 * plane) this.#unturned = new Float32Array(3 * plane);
    const from = this.#unturned;
    const address = this.#libav.memory.addressOf(from.buffer);
    this.#scale(scaler, address, plane * FLOAT_BYTES, stride * FLOAT_BYTES);
    const walk = walkOf(scaler, stride, orientation);
    const tensor = new Float32Array(buffer);
    const { width, height, dx, dy } = fit;
    for (let number = 0; number < 3; number++) {
      const start = (number * input.height + dy) * input.width + dx;
      const part = { start, stride: input.width, width, height };
      turnPlane({ from, offset: number * plane, walk }, tensor, part);
    }
  }

  #asideOf(bytes: number): Ptr<"void"> {
    if (this.#aside !== null && this.#aside.bytes >= bytes) return this.#aside.address;
    this.#dropAside();
    this.#aside = { address: this.#libav.memory.allocate(bytes), bytes };
    return this.#aside.address;
  }

  #dropAside(): void {
    if (this.#aside !== null) this.#libav.memory.free(this.#aside.address);
    this.#aside = null;
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
