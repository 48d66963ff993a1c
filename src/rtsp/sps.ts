/** The size of a picture, from the sequence parameter set of H.264 or H.265. */
import type { VideoCodec } from "./media.ts";

/** Sets are shorter; what follows the size is of no interest. */
const MAX_SPS_BYTES = 512;
const H264_SPS = 7;
const H265_SPS = 33;
/** Exp-Golomb codes with more leading zeros hold no value of a parameter set. */
const MAX_LEADING_ZEROS = 31;
/** The profiles whose parameter sets say which chroma format they have (ITU-T H.264 7.3.2.1.1). */
const H264_CHROMA_PROFILES = new Set([
  100,
  110,
  122,
  244,
  44,
  83,
  86,
  118,
  128,
  138,
  139,
  134,
  135,
]);

/** Luma samples, before cropping. */
export interface CodedSize {
  readonly width: number;
  readonly height: number;
}

/**
 * Looks for a sequence parameter set among NAL units with start codes (Annex B).
 * @returns null where there is none, or none that can be understood
 */
export function codedSize(codec: VideoCodec, annexB: Uint8Array): CodedSize | null {
  const parse = codec === "h264" ? h264Size : codec === "hevc" ? h265Size : null;
  if (parse === null) return null;
  for (let at = 0; at + 4 < annexB.byteLength; at++) {
    if (annexB[at] !== 0 || annexB[at + 1] !== 0 || annexB[at + 2] !== 1) continue;
    const header = annexB[at + 3] ?? 0;
    const isSps = codec === "h264" ? (header & 31) === H264_SPS : (header >> 1 & 63) === H265_SPS;
    if (isSps) return parse(new BitReader(annexB.subarray(at + 3, at + 3 + MAX_SPS_BYTES)));
  }
  return null;
}

/** ITU-T H.264 7.3.2.1.1. */
function h264Size(bits: BitReader): CodedSize | null {
  bits.skip(8);
  const profile = bits.u(8);
  bits.skip(16);
  bits.ue();
  if (H264_CHROMA_PROFILES.has(profile)) {
    const chromaFormat = bits.ue();
    if (chromaFormat === 3) bits.skip(1);
    bits.ue();
    bits.ue();
    bits.skip(1);
    if (bits.u(1) === 1) skipScalingLists(bits, chromaFormat === 3 ? 12 : 8);
  }
  bits.ue();
  const orderType = bits.ue();
  if (orderType === 0) bits.ue();
  else if (orderType === 1) {
    bits.skip(1);
    bits.ue();
    bits.ue();
    for (let left = Math.min(255, bits.ue()); left > 0; left--) bits.ue();
  }
  bits.ue();
  bits.skip(1);
  const width = (bits.ue() + 1) * 16;
  const heightInMaps = bits.ue() + 1;
  const height = heightInMaps * 16 * (bits.u(1) === 1 ? 1 : 2);
  return sane({ width, height }, bits);
}

function skipScalingLists(bits: BitReader, lists: number): void {
  for (let list = 0; list < lists; list++) {
    if (bits.u(1) === 0) continue;
    let last = 8;
    let next = 8;
    for (let index = 0; index < (list < 6 ? 16 : 64) && next !== 0; index++) {
      next = (last + bits.se() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

/** ITU-T H.265 7.3.2.2.1. */
function h265Size(bits: BitReader): CodedSize | null {
  bits.skip(16 + 4);
  const subLayers = bits.u(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  bits.ue();
  if (bits.ue() === 3) bits.skip(1);
  return sane({ width: bits.ue(), height: bits.ue() }, bits);
}

/** ITU-T H.265 7.3.3. */
function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  bits.skip(88 + 8);
  const present: (readonly [profile: number, level: number])[] = [];
  for (let layer = 0; layer < subLayers; layer++) present.push([bits.u(1), bits.u(1)]);
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const [profile, level] of present) bits.skip(88 * profile + 8 * level);
}

function sane(size: CodedSize, bits: BitReader): CodedSize | null {
  const isSane = size.width > 0 && size.height > 0 && size.width <= 65_536 && size.height <= 65_536;
  return isSane && !bits.isExhausted ? size : null;
}

/** Bits of a NAL unit, without its emulation prevention bytes (ITU-T H.264 7.4.1.1). */
class BitReader {
  readonly #bytes: Uint8Array;
  #byte = 0;
  #bit = 0;
  #zeros = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isExhausted(): boolean {
    return this.#byte > this.#bytes.byteLength;
  }

  u(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) value = value * 2 + this.#next();
    return value;
  }

  skip(count: number): void {
    for (let left = count; left > 0; left--) this.#next();
  }

  ue(): number {
    let zeros = 0;
    while (zeros <= MAX_LEADING_ZEROS && this.#next() === 0) zeros++;
    return 2 ** zeros - 1 + this.u(Math.min(zeros, MAX_LEADING_ZEROS));
  }

  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** 0 beyond the end. */
  #next(): number {
    if (this.#bit === 0 && this.#zeros >= 2 && this.#bytes[this.#byte] === 3) {
      this.#byte++;
      this.#zeros = 0;
    }
    const value = this.#bytes[this.#byte] ?? 0;
    const bit = value >> (7 - this.#bit) & 1;
    this.#bit = (this.#bit + 1) % 8;
    if (this.#bit === 0) {
      this.#zeros = value === 0 ? this.#zeros + 1 : 0;
      this.#byte++;
    }
    return bit;
  }
}
