/** Sequence parameter sets of H.264 and H.265. */
import type { VideoCodec } from "../media.ts";
import { BitReader } from "./bit_reader.ts";
import { H264, h264Type, H265, h265Type } from "./nal.ts";
import { findStartCode, START_CODE_BYTES } from "./start_codes.ts";

/** The most bytes parsed for the picture size. */
const MAX_SPS_BYTES = 512;
const MAX_SIDE_PX = 65_536;
/** profile_idc of the profiles whose SPS has a chroma format and scaling matrices (7.3.2.1.1). */
const HIGH_PROFILES = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** log2_max_frame_num_minus4 is at most 12, num_ref_frames_in_pic_order_cnt_cycle at most 255. */
const MAX_LOG2_FRAME_NUM = 16;
const MAX_REFERENCE_CYCLE = 255;

/** Luma samples, before cropping. */
export interface CodedSize {
  readonly width: number;
  readonly height: number;
}

/**
 * The picture size in the first SPS among NAL units with start codes (Annex B).
 * @returns null if there is none, or it is invalid
 */
export function codedSize(codec: VideoCodec, annexB: Uint8Array): CodedSize | null {
  const parse = codec === "h264" ? readH264Sps : codec === "hevc" ? h265Size : null;
  if (parse === null) return null;
  const end = annexB.byteLength;
  let at = findStartCode(annexB, 0, end);
  for (; at >= 0; at = findStartCode(annexB, at + START_CODE_BYTES, end)) {
    const start = at + START_CODE_BYTES;
    const header = annexB[start] ?? 0;
    const isSps = codec === "h264" ? h264Type(header) === H264.sps : h265Type(header) === H265.sps;
    if (!isSps) continue;
    const bits = new BitReader();
    bits.set(annexB, start + (codec === "h264" ? 1 : 2), Math.min(end, start + MAX_SPS_BYTES));
    return validated(parse(bits));
  }
  return null;
}

/** The size after cropping, in luma samples. */
export interface ShownSize {
  readonly shown: CodedSize;
}

/** Fields of an H.264 SPS. */
export interface H264Sps extends CodedSize, ShownSize {
  /** seq_parameter_set_id. */
  readonly id: number;
  /** max_num_ref_frames. */
  readonly pictures: number;
  /** separate_colour_plane_flag. */
  readonly hasColourPlanes: boolean;
  /** Bits of frame_num in slice headers. */
  readonly frameNumBits: number;
  /** frame_mbs_only_flag: pictures are frames, not fields. */
  readonly isFramesOnly: boolean;
}

/**
 * Parses an H.264 SPS (7.3.2.1.1), from the byte after the NAL unit's header.
 * @returns null if it is truncated or invalid
 */
export function readH264Sps(reader: BitReader): H264Sps | null {
  const profile = reader.bits(8);
  reader.bits(16);
  const id = reader.ue();
  const { chromaFormat, hasColourPlanes } = HIGH_PROFILES.has(profile)
    ? readChroma(reader)
    : { chromaFormat: 1, hasColourPlanes: false };
  const frameNumBits = 4 + reader.ue();
  skipPictureOrder(reader);
  const pictures = reader.ue();
  reader.bit();
  const width = (reader.ue() + 1) * 16;
  const heightInMaps = reader.ue() + 1;
  const isFramesOnly = reader.bit() === 1;
  if (reader.isPast || frameNumBits > MAX_LOG2_FRAME_NUM) return null;
  const height = heightInMaps * 16 * (isFramesOnly ? 1 : 2);
  if (!isFramesOnly) reader.bit();
  reader.bit();
  const unit = cropUnit(chromaFormat, isFramesOnly ? 1 : 2);
  const shown = readCropping(reader, { width, height }, unit);
  return { id, pictures, hasColourPlanes, frameNumBits, isFramesOnly, width, height, shown };
}

/** CropUnitX and CropUnitY in luma samples (H.264 7.4.2.1.1, H.265 7.4.3.2.1). */
function cropUnit(chromaFormat: number, fields: 1 | 2): CodedSize {
  return {
    width: chromaFormat === 1 || chromaFormat === 2 ? 2 : 1,
    height: (chromaFormat === 1 ? 2 : 1) * fields,
  };
}

/** Parses the cropping flag and offsets; truncated ones crop nothing. */
function readCropping(reader: BitReader, coded: CodedSize, unit: CodedSize): CodedSize {
  if (reader.bit() === 0) return coded;
  const width = coded.width - unit.width * (reader.ue() + reader.ue());
  const height = coded.height - unit.height * (reader.ue() + reader.ue());
  return reader.isPast ? coded : { width: Math.max(0, width), height: Math.max(0, height) };
}

/** Parses chroma_format_idc and separate_colour_plane_flag, and skips the other fields of high profiles. */
function readChroma(
  reader: BitReader,
): { readonly chromaFormat: number; readonly hasColourPlanes: boolean } {
  const chromaFormat = reader.ue();
  const hasColourPlanes = chromaFormat === 3 && reader.bit() === 1;
  reader.ue();
  reader.ue();
  reader.bit();
  if (reader.bit() === 1) {
    const lists = chromaFormat === 3 ? 12 : 8;
    for (let list = 0; list < lists && !reader.isPast; list++) {
      if (reader.bit() === 1) skipScalingList(reader, list < 6 ? 16 : 64);
    }
  }
  return { chromaFormat, hasColourPlanes };
}

/** Skips a scaling list (7.3.2.1.1.1). */
function skipScalingList(reader: BitReader, size: number): void {
  let last = 8;
  let next = 8;
  for (let at = 0; at < size && !reader.isPast; at++) {
    if (next !== 0) next = (last + reader.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

/** Skips the fields of pic_order_cnt_type. */
function skipPictureOrder(reader: BitReader): void {
  const type = reader.ue();
  if (type === 0) {
    reader.ue();
  } else if (type === 1) {
    reader.bit();
    reader.se();
    reader.se();
    const cycle = reader.ue();
    for (let at = 0; at < Math.min(cycle, MAX_REFERENCE_CYCLE) && !reader.isPast; at++) reader.se();
  }
}

/** ITU-T H.265 7.3.2.2.1. */
function h265Size(bits: BitReader): CodedSize | null {
  const { width, height } = readH265Size(bits);
  return bits.isPast ? null : { width, height };
}

/** Fields of an H.265 SPS. */
export interface H265Sps extends CodedSize, ShownSize {
  /** sps_seq_parameter_set_id. */
  readonly id: number;
  /** The largest sps_max_dec_pic_buffering of all sub-layers. */
  readonly pictures: number;
  /** The side of a coding tree block in luma samples. */
  readonly blockPx: number;
}

/** The largest coding tree block has 64 samples. */
const MAX_LOG2_BLOCK = 6;

/**
 * Parses an H.265 SPS (7.3.2.2.1), from the byte after the NAL unit's header.
 * @returns null if it is truncated or invalid
 */
export function readH265Sps(bits: BitReader): H265Sps | null {
  const { id, subLayers, chromaFormat, width, height } = readH265Size(bits);
  const shown = readCropping(bits, { width, height }, cropUnit(chromaFormat, 1));
  bits.ue();
  bits.ue();
  bits.ue();
  const isPerLayer = bits.bit() === 1;
  let pictures = 0;
  for (let layer = isPerLayer ? 0 : subLayers; layer <= subLayers; layer++) {
    pictures = Math.max(pictures, bits.ue() + 1);
    bits.ue();
    bits.ue();
  }
  const log2Block = 3 + bits.ue() + bits.ue();
  if (bits.isPast || log2Block > MAX_LOG2_BLOCK) return null;
  return { id, pictures, blockPx: 2 ** log2Block, width, height, shown };
}

function readH265Size(bits: BitReader) {
  skip(bits, 4);
  const subLayers = bits.bits(3);
  skip(bits, 1);
  skipProfileTierLevel(bits, subLayers);
  const id = bits.ue();
  const chromaFormat = bits.ue();
  if (chromaFormat === 3) skip(bits, 1);
  return { id, subLayers, chromaFormat, width: bits.ue(), height: bits.ue() };
}

/** ITU-T H.265 7.3.3. */
function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  skip(bits, 88 + 8);
  const present: (readonly [profile: number, level: number])[] = [];
  for (let layer = 0; layer < subLayers; layer++) present.push([bits.bit(), bits.bit()]);
  if (subLayers > 0) skip(bits, 2 * (8 - subLayers));
  for (const [profile, level] of present) skip(bits, 88 * profile + 8 * level);
}

function validated(size: CodedSize | null): CodedSize | null {
  if (size === null) return null;
  const { width, height } = size;
  const isValid = width > 0 && height > 0 && width <= MAX_SIDE_PX && height <= MAX_SIDE_PX;
  return isValid ? { width, height } : null;
}

function skip(bits: BitReader, count: number): void {
  for (let left = count; left > 0; left--) bits.bit();
}
