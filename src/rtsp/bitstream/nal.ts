/** NAL unit headers, types and recovery points (H.264 7.3.1 and table 7-1, H.265 7.3.1.2 and table 7-1). */
import type { BitReader } from "./bit_reader.ts";

/** NAL unit types of H.264, and the packet types of RFC 6184. */
export const H264 = {
  slice: 1,
  partitionA: 2,
  partitionC: 4,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  aud: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
  spsExtension: 13,
  subsetSps: 15,
  auxiliarySlice: 19,
  sliceExtension: 20,
  depthSliceExtension: 21,
  stapA: 24,
  stapB: 25,
  mtap16: 26,
  mtap24: 27,
  fuA: 28,
  fuB: 29,
} as const;

/** NAL unit types of H.265, and the packet types of RFC 7798. */
export const H265 = {
  radlN: 6,
  radlR: 7,
  raslN: 8,
  raslR: 9,
  irapFirst: 16,
  irapLast: 23,
  cra: 21,
  vclLast: 31,
  vps: 32,
  sps: 33,
  pps: 34,
  aud: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
  reservedSuffixFirst: 45,
  aggregation: 48,
  fragment: 49,
  paci: 50,
} as const;

/** SEI payload type of a recovery point, the same in H.264 (D.1.8) and H.265 (D.2.8). */
const SEI_RECOVERY_POINT = 6;
/** The most SEI messages of one NAL unit that are parsed. */
const MAX_SEI_MESSAGES = 32;

/** nal_unit_type of H.264, 0..31. */
export function h264Type(header: number): number {
  return header & 31;
}

/** nal_ref_idc, 0..3; 0: no other picture refers to this one. */
export function h264RefIdc(header: number): number {
  return header >> 5 & 3;
}

/** Whether this is a VCL NAL unit: part of a coded picture. */
export function isH264Vcl(type: number): boolean {
  return type >= H264.slice && type <= H264.idr;
}

/** Whether this is a sequence or picture parameter set. */
export function isH264ParameterSet(type: number): boolean {
  return type === H264.sps || type === H264.pps || type === H264.spsExtension ||
    type === H264.subsetSps;
}

/** Whether this is an access unit delimiter. */
export function isH264Aud(type: number): boolean {
  return type === H264.aud;
}

/** nal_unit_type of H.265, 0..63, from the first byte of the header. */
export function h265Type(header: number): number {
  return header >> 1 & 63;
}

/** Whether this is a VCL NAL unit: part of a coded picture. */
export function isH265Vcl(type: number): boolean {
  return type <= H265.vclLast;
}

/** Whether this is a video, sequence or picture parameter set. */
export function isH265ParameterSet(type: number): boolean {
  return type >= H265.vps && type <= H265.pps;
}

/** Whether this is an access unit delimiter. */
export function isH265Aud(type: number): boolean {
  return type === H265.aud;
}

/**
 * Whether decoding can start at this picture: IDR, BLA or CRA. RASL pictures that follow the first CRA cannot
 * be decoded: decoders skip them ({@link isH265Rasl}).
 */
export function isH265Irap(type: number): boolean {
  return type >= H265.irapFirst && type <= H265.irapLast;
}

/** Whether this is a leading picture that may refer to pictures before its IRAP picture. */
export function isH265Rasl(type: number): boolean {
  return type === H265.raslN || type === H265.raslR;
}

/** Whether this is a leading picture that is decodable if decoding starts at its IRAP picture. */
export function isH265Radl(type: number): boolean {
  return type === H265.radlN || type === H265.radlR;
}

/** Whether an H.264 slice is the picture's first: first_mb_in_slice, ue(v), is 0, coded as a single 1 bit. */
export function isH264FirstSlice(firstByte: number): boolean {
  return (firstByte & 0x80) !== 0;
}

/** first_slice_segment_in_pic_flag, in the byte after the header of an H.265 VCL NAL unit. */
export function isH265FirstSlice(firstByte: number): boolean {
  return (firstByte & 0x80) !== 0;
}

/**
 * Finds the recovery point among the messages of an H.264 SEI NAL unit.
 *
 * @param reader  set to the offset after the NAL unit's header
 * @returns recovery_frame_cnt, the frames until pictures are complete; -1 if there is no recovery point
 */
export function h264RecoveryFrames(reader: BitReader): number {
  if (!findRecoveryPoint(reader)) return -1;
  const frames = reader.ue();
  return reader.isPast ? -1 : frames;
}

/**
 * Finds the recovery point among the messages of an H.265 SEI NAL unit.
 * @returns recovery_poc_cnt, 0 if negative; -1 if there is no recovery point
 */
export function h265RecoveryPictures(reader: BitReader): number {
  if (!findRecoveryPoint(reader)) return -1;
  const pictures = reader.se();
  return reader.isPast ? -1 : Math.max(0, pictures);
}

/** Leaves the reader at the first bit of the message's payload (H.264 7.3.2.3.1). */
function findRecoveryPoint(reader: BitReader): boolean {
  for (let message = 0; message < MAX_SEI_MESSAGES; message++) {
    // The trailing bits are one byte; a message has three at least.
    if (reader.bytesLeft < 3) return false;
    const type = seiNumber(reader);
    const size = seiNumber(reader);
    if (reader.isPast) return false;
    if (type === SEI_RECOVERY_POINT) return true;
    for (let left = size; left > 0 && !reader.isPast; left--) reader.bits(8);
    if (reader.isPast) return false;
  }
  return false;
}

/** Parses ff_byte * n and a last byte (H.264 7.3.2.3.1). */
function seiNumber(reader: BitReader): number {
  let value = 0;
  for (;;) {
    const byte = reader.bits(8);
    value += byte;
    if (byte !== 255 || reader.isPast) return value;
  }
}
