/** Clips of a faulty camera: access units of a raw H.264 or H.265 stream, and their RTP payloads. */
import { nalUnits, payloads as h264Payloads, type RawClip, rawClip } from "../rtp_h264.ts";

/** NAL unit types of H.265 (table 7-1). */
const H265 = { lastIrap: 23, firstIrap: 16, vps: 32, pps: 34, delimiter: 35 } as const;
/** RFC 7798 4.4.2 and 4.4.3. */
const H265_AGGREGATION = 48;
const H265_FRAGMENTATION = 49;
/** RFC 6184 5.7.1. */
const STAP_A = 24;
const H264_FORBIDDEN_AND_REFERENCE = 0xe0;

/** A clip with its codec; pictures in decoding order, without delimiters. */
export interface CameraClip extends RawClip {
  readonly codec: "h264" | "h265";
  /** With B-frames: the presentation order, in frames from the first one; else in decoding order. */
  readonly shownAt?: readonly number[];
}

/** Reads Annex B H.264 whose pictures each begin with an access unit delimiter. */
export function h264Clip(stream: Uint8Array): CameraClip {
  return { codec: "h264", ...rawClip(stream) };
}

/** Reads Annex B H.265 whose pictures each begin with an access unit delimiter. */
export function h265Clip(stream: Uint8Array): CameraClip {
  const pictures: { units: Uint8Array[]; isKey: boolean }[] = [];
  const sets = new Map<number, Uint8Array>();
  for (const unit of nalUnits(stream)) {
    const type = h265Type(unit);
    if (type === H265.delimiter) {
      pictures.push({ units: [], isKey: false });
      continue;
    }
    const picture = pictures.at(-1);
    if (picture === undefined) throw new Error("the stream does not begin with a delimiter");
    picture.units.push(unit);
    if (type >= H265.vps && type <= H265.pps) sets.set(type, unit);
    if (type >= H265.firstIrap && type <= H265.lastIrap) picture.isKey = true;
  }
  return { codec: "h265", pictures, parameterSets: [...sets.values()] };
}

function h265Type(unit: Uint8Array): number {
  return ((unit[0] ?? 0) >> 1) & 0x3f;
}

/** Whether a NAL unit is a VPS, SPS or PPS. */
export function isParameterSet(codec: CameraClip["codec"], unit: Uint8Array): boolean {
  if (codec === "h264") return [7, 8].includes((unit[0] ?? 0) & 31);
  const type = h265Type(unit);
  return type >= H265.vps && type <= H265.pps;
}

/** The payloads of one NAL unit: itself, or fragments of it. */
export function payloadsOf(
  codec: CameraClip["codec"],
  unit: Uint8Array,
  maxBytes: number,
): Uint8Array[] {
  return codec === "h264" ? h264Payloads(unit, maxBytes) : h265Payloads(unit, maxBytes);
}

/** RFC 7798 4.4.3. */
function h265Payloads(unit: Uint8Array, maxBytes: number): Uint8Array[] {
  if (unit.length <= maxBytes) return [unit];
  const parts: Uint8Array[] = [];
  const roomBytes = maxBytes - 3;
  for (let at = 2; at < unit.length; at += roomBytes) {
    const body = unit.subarray(at, at + roomBytes);
    const isLast = at + body.length >= unit.length;
    const part = new Uint8Array(body.length + 3);
    part[0] = ((unit[0] ?? 0) & 0x81) | (H265_FRAGMENTATION << 1);
    part[1] = unit[1] ?? 0;
    part[2] = (at === 2 ? 0x80 : 0) | (isLast ? 0x40 : 0) | h265Type(unit);
    part.set(body, 3);
    parts.push(part);
  }
  return parts;
}

/** Several NAL units in one payload: a STAP-A, or H.265's aggregation packet. */
export function aggregate(codec: CameraClip["codec"], units: readonly Uint8Array[]): Uint8Array {
  const head = codec === "h264"
    ? [(units[0]?.[0] ?? 0) & H264_FORBIDDEN_AND_REFERENCE | STAP_A]
    : [H265_AGGREGATION << 1, 1];
  const bytes = [...head];
  for (const unit of units) bytes.push(unit.length >> 8, unit.length & 0xff, ...unit);
  return Uint8Array.from(bytes);
}

/** A fragment of H.264 with neither start nor end bit. */
export function middleFragment(sizeBytes: number): Uint8Array {
  const part = new Uint8Array(sizeBytes).fill(0x5a);
  part[0] = 0x7c;
  part[1] = 0x05;
  return part;
}
