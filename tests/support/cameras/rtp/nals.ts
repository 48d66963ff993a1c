/** NAL units of H.264 and H.265 with consistent headers, and random slice data. */
import { joined, noise } from "./packets.ts";

/** Writes bits, most significant first. */
export class BitWriter {
  readonly #bits: number[] = [];

  bits(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push(value >> bit & 1);
    return this;
  }

  ue(value: number): this {
    const length = Math.floor(Math.log2(value + 1));
    return this.bits(0, length).bits(value + 1, length + 1);
  }

  se(value: number): this {
    return this.ue(value > 0 ? 2 * value - 1 : -2 * value);
  }

  /** The bytes, with trailing bits: a 1 bit and zeros up to a full byte. */
  ended(): number[] {
    this.#bits.push(1);
    while (this.#bits.length % 8 !== 0) this.#bits.push(0);
    const bytes: number[] = [];
    for (let at = 0; at < this.#bits.length; at += 8) {
      bytes.push(this.#bits.slice(at, at + 8).reduce((byte, bit) => byte << 1 | bit, 0));
    }
    return bytes;
  }
}

/** Inserts emulation prevention bytes: a 3 after two zeros before a byte of 0 to 3. */
export function escaped(bytes: readonly number[]): number[] {
  const out: number[] = [];
  for (const byte of bytes) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(byte);
  }
  return out;
}

export interface SliceOptions {
  readonly isIdr?: boolean;
  /** Default: the first slice of its picture. */
  readonly isFirst?: boolean;
  readonly isIntra?: boolean;
  /** Default 1. */
  readonly refIdc?: number;
  /** The size of the NAL unit; default 60. */
  readonly bytes?: number;
  readonly seed?: number;
  readonly frameNum?: number;
  /** A field, with an SPS of {@link h264Sps} with fields. */
  readonly field?: "top" | "bottom";
}

/** A slice for {@link h264Sps}, with four bits of frame_num. */
export function h264Slice(options: SliceOptions = {}): Uint8Array<ArrayBuffer> {
  const { isIdr = false, isFirst = true, isIntra = isIdr, refIdc = 1, bytes = 60 } = options;
  const head = new BitWriter().ue(isFirst ? 0 : 40).ue(isIntra ? 7 : 5).ue(0);
  head.bits(options.frameNum ?? 1, 4);
  if (options.field !== undefined) head.bits(1, 1).bits(options.field === "bottom" ? 1 : 0, 1);
  const header = [refIdc << 5 | (isIdr ? 5 : 1), ...escaped(head.ended())];
  return joined([header, noise(Math.max(0, bytes - header.length), options.seed ?? bytes)]);
}

/** An SPS of the main profile, 320x240, for frames only or also for fields. */
export function h264Sps(hasFields = false): Uint8Array<ArrayBuffer> {
  const bits = new BitWriter().bits(77, 8).bits(0, 8).bits(30, 8).ue(0).ue(0).ue(2).ue(1).bits(
    0,
    1,
  );
  bits.ue(19).ue(hasFields ? 7 : 14).bits(hasFields ? 0 : 1, 1);
  if (hasFields) bits.bits(0, 1);
  return joined([[0x67, ...escaped(bits.bits(1, 1).bits(0, 2).ended())]]);
}

export const H264_PPS = Uint8Array.of(0x68, 0xee, 0x3c, 0x80);
export const H264_AUD = Uint8Array.of(0x09, 0xf0);

/** SEI with a recovery point, after a message of another type. */
export function h264RecoverySei(frames: number): Uint8Array<ArrayBuffer> {
  const message = new BitWriter().ue(frames).bits(0, 4).ended();
  const bytes = [1, 2, 0xaa, 0xbb, 6, message.length, ...message, 0x80];
  return joined([[0x06, ...escaped(bytes)]]);
}

/** SEI without a recovery point: user data. */
export const H264_SEI = Uint8Array.of(0x06, 5, 4, 1, 2, 3, 4, 0x80);

export interface H265SliceOptions {
  /** Default 1, TRAIL_R. */
  readonly type?: number;
  readonly isFirst?: boolean;
  readonly bytes?: number;
  readonly seed?: number;
}

export function h265Slice(options: H265SliceOptions = {}): Uint8Array<ArrayBuffer> {
  const { type = 1, isFirst = true, bytes = 60, seed = bytes } = options;
  const header = [type << 1, 1, isFirst ? 0xa6 : 0x26];
  return joined([header, noise(Math.max(0, bytes - header.length), seed)]);
}

/** A NAL unit of any type, with random contents. */
export function h265Unit(type: number, bytes = 12): Uint8Array<ArrayBuffer> {
  return joined([[type << 1, 1], noise(bytes - 2, type)]);
}

/** H.265 SEI with a recovery point. */
export function h265RecoverySei(pictures: number): Uint8Array<ArrayBuffer> {
  const message = new BitWriter().se(pictures).bits(0, 2).ended();
  return joined([[39 << 1, 1, 6, message.length, ...message, 0x80]]);
}
