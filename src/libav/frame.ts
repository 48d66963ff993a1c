import { type Orientation, pixelAspectOf } from "../core/display.ts";
import { frameOrientation } from "./display_matrix.ts";
import { Handle } from "./handle.ts";
import { type Layout, STABLE } from "./layouts.ts";
import type { Libav } from "./library.ts";
import { timestamp } from "./packet.ts";
import type { Ptr } from "./pointers.ts";

const AT = STABLE.AVFrame;
const FLAG_CORRUPT = 1;
const FLAG_KEY = 2;
/** Planes of the pixel formats that Orion handles. */
const PLANES = 4;
/** More than the part of any known AVFrame that is read. */
const FRAME_BYTES = 512;

/**
 * An `AVFrame`, reference counted by libav. Holding one keeps the decoder's buffer alive until
 * {@link unref} or disposal.
 *
 * The fields are a copy made by {@link refresh}, which `Decoder.receive`, {@link moveFrom} and
 * {@link refFrom} call: reading them makes no native call.
 */
export class Frame implements Disposable {
  readonly #libav: Libav;
  readonly #handle: Handle<"AVFrame">;
  readonly #at: Layout["AVFrame"];
  readonly #fields = new DataView(new ArrayBuffer(FRAME_BYTES));
  readonly #bytes: number;

  constructor(libav: Libav) {
    this.#libav = libav;
    this.#at = libav.release.layout.AVFrame;
    // The last of the fields that are read.
    this.#bytes = this.#at.decodeErrorFlags + 4;
    const { avutil } = libav;
    this.#handle = new Handle(libav, "frame", avutil.av_frame_alloc(), avutil.av_frame_free);
    this.refresh();
  }

  /** The native frame's address, for a blocking call. */
  get pointer(): Ptr<"AVFrame"> {
    return this.#handle.address;
  }

  /** Copies the fields again, after a native call changed the frame. */
  refresh(): void {
    this.#libav.memory.read(this.#handle.address, this.#fields, this.#bytes);
  }

  /** Whether it references no data. */
  get isEmpty(): boolean {
    return this.#fields.getBigUint64(AT.data, true) === 0n;
  }

  /** Width in pixels, cropping applied. */
  get width(): number {
    return this.#fields.getInt32(AT.width, true);
  }

  /** Height in pixels, cropping applied. */
  get height(): number {
    return this.#fields.getInt32(AT.height, true);
  }

  /** Number of the pixel format (see `Libav.pixelFormatName`); -1: none. */
  get format(): number {
    return this.#fields.getInt32(AT.format, true);
  }

  /** Presentation timestamp in time base units; null when the packet had none. */
  get pts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(AT.pts, true));
  }

  /** `pts`, else libav's estimate from the decoding timestamps, else null. */
  get bestEffortPts(): bigint | null {
    return timestamp(this.#fields.getBigInt64(this.#at.bestEffortTimestamp, true));
  }

  get isKey(): boolean {
    const { keyFrame } = this.#at;
    if (keyFrame !== null) return this.#i32(keyFrame) !== 0;
    return (this.#i32(this.#at.flags) & FLAG_KEY) !== 0;
  }

  /** `AV_FRAME_FLAG_CORRUPT`. Damage by lost packets mostly shows in {@link decodeErrorFlags}. */
  get isCorrupt(): boolean {
    return (this.#i32(this.#at.flags) & FLAG_CORRUPT) !== 0;
  }

  /** Errors detected in this frame (4: concealed, 8: in slices); 0: none. */
  get decodeErrorFlags(): number {
    return this.#i32(this.#at.decodeErrorFlags);
  }

  /** `AVCOL_RANGE_*`: 0 unspecified, 1 limited (16..235), 2 full (0..255). */
  get colorRange(): number {
    return this.#i32(this.#at.colorRange);
  }

  /** `AVCOL_SPC_*`: 1 BT.709, 2 unspecified, 5 and 6 BT.601, 9 BT.2020. */
  get colorSpace(): number {
    return this.#i32(this.#at.colorspace);
  }

  /** Width of a pixel divided by its height, or null when unspecified. */
  get pixelAspect(): number | null {
    const at = this.#at.sampleAspectRatio;
    return pixelAspectOf({ num: this.#i32(at), den: this.#i32(at + 4) });
  }

  /** Display orientation from its side data, or null. Makes a native call. */
  orientation(): Orientation | null {
    return frameOrientation(this.#libav, this.#handle.address);
  }

  /** Writes the addresses of the first four planes (0n: none) to `into`. Valid until {@link unref}. */
  planes(into: BigUint64Array): void {
    for (let plane = 0; plane < PLANES; plane++) {
      into[plane] = this.#fields.getBigUint64(AT.data + 8 * plane, true);
    }
  }

  /** Writes the strides in bytes of the first four planes to `into`. They may be negative. */
  linesizes(into: Int32Array): void {
    for (let plane = 0; plane < PLANES; plane++) into[plane] = this.#i32(AT.linesize + 4 * plane);
  }

  /** Moves the reference of `other`, which is empty afterwards. Drops this frame's own. */
  moveFrom(other: Frame): void {
    const { avutil } = this.#libav;
    const source = other.pointer;
    if (source === this.pointer) return;
    avutil.av_frame_unref(this.pointer);
    avutil.av_frame_move_ref(this.pointer, source);
    this.refresh();
    other.refresh();
  }

  /** Adds a reference to the data of `other`. Drops this frame's own. */
  refFrom(other: Frame): void {
    const { avutil } = this.#libav;
    const source = other.pointer;
    if (source === this.pointer) return;
    avutil.av_frame_unref(this.pointer);
    const result = avutil.av_frame_ref(this.pointer, source);
    this.refresh();
    if (result < 0) {
      throw this.#libav.error({ action: "Cannot share a decoded frame", averror: result });
    }
  }

  /** Drops the reference to the data. */
  unref(): void {
    this.#libav.avutil.av_frame_unref(this.#handle.address);
    this.refresh();
  }

  [Symbol.dispose](): void {
    this.#handle.free();
  }

  #i32(offset: number): number {
    return this.#fields.getInt32(offset, true);
  }
}
