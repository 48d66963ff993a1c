/** Format parameters (`a=fmtp`), and the parameter sets in them. */
import { Buffer } from "node:buffer";
import { MAX_PARAMETER_SETS } from "../limits.ts";

/** Format parameters of a payload type: keys in lower case, values as written. */
export type FormatParameters = ReadonlyMap<string, string>;

/**
 * Parses the parameters after the payload type of `a=fmtp` (RFC 8866 6.15), separated by semicolons with or
 * without spaces. Of repeated keys the first value counts that is not empty.
 */
export function parseFormatParameters(text: string): FormatParameters {
  const parameters = new Map<string, string>();
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    const key = (equals === -1 ? part : part.slice(0, equals)).trim().toLowerCase();
    const value = equals === -1 ? "" : part.slice(equals + 1).trim().replace(/^"(.*)"$/, "$1");
    if (key !== "" && (parameters.get(key) ?? "") === "") parameters.set(key, value);
  }
  return parameters;
}

/** NAL unit types of H.264 parameter sets (table 7-1), in the order of extradata. */
const H264 = { SPS: 7, SPS_EXTENSION: 13, PPS: 8 } as const;
/** NAL unit types of H.265 parameter sets (table 7-1), in the order of extradata. */
const H265 = { VPS: 32, SPS: 33, PPS: 34 } as const;

const START_CODE = [0, 0, 0, 1] as const;

/**
 * The parameter sets of an H.264 format, with start codes, SPS before PPS; null without an SPS.
 *
 * Some cameras send them in `config`, as hexadecimal, in addition to `sprop-parameter-sets` or instead.
 */
export function h264Extradata(parameters: FormatParameters): Uint8Array<ArrayBuffer> | null {
  const sets = base64Units(parameters.get("sprop-parameter-sets"));
  const config = splitUnits(decodeHex(parameters.get("config")) ?? new Uint8Array());
  const typeOf = (unit: Uint8Array) => (unit[0] ?? 0) & 0x1f;
  return annexB([sets, config], typeOf, [H264.SPS, H264.SPS_EXTENSION, H264.PPS], H264.SPS);
}

/**
 * The parameter sets of an H.265 format (RFC 7798 7.1), with start codes, in the order VPS, SPS, PPS
 * whatever key they have; null without an SPS.
 */
export function h265Extradata(parameters: FormatParameters): Uint8Array<ArrayBuffer> | null {
  const units = ["sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"]
    .flatMap((key) => base64Units(parameters.get(key)));
  const typeOf = (unit: Uint8Array) => (unit[0] ?? 0) >> 1 & 0x3f;
  return annexB([units], typeOf, [H265.VPS, H265.SPS, H265.PPS], H265.SPS);
}

/** The bytes of a hexadecimal `config` (RFC 6416 7.1 for MPEG-4 part 2), or null. */
export function decodeHex(text: string | undefined): Uint8Array<ArrayBuffer> | null {
  const digits = (text ?? "").replace(/\s+/g, "").replace(/^0x/i, "");
  if (digits === "" || digits.length % 2 !== 0 || !/^[0-9a-f]+$/i.test(digits)) return null;
  return new Uint8Array(Buffer.from(digits, "hex"));
}

/** The NAL units of comma-separated base64, some of it empty or with junk in it. */
function base64Units(text: string | undefined): Uint8Array[] {
  return (text ?? "").split(",", 4 * MAX_PARAMETER_SETS).flatMap((part) => {
    const digits = part.replace(/[^A-Za-z0-9+/_-]/g, "");
    return splitUnits(new Uint8Array(Buffer.from(digits, "base64")));
  });
}

/**
 * Splits at start codes, and removes trailing zeros: no NAL unit ends in one (H.264 7.4.1). Some cameras
 * include the start code, before or after the NAL unit.
 */
function splitUnits(bytes: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= bytes.byteLength; at++) {
    const isCode = bytes[at] === 0 && bytes[at + 1] === 0 && bytes[at + 2] === 1;
    if (!isCode && at < bytes.byteLength) continue;
    let end = at;
    while (end > start && bytes[end - 1] === 0) end--;
    if (end > start) units.push(bytes.subarray(start, end));
    at += isCode ? 2 : 0;
    start = at + 1;
  }
  return units;
}

/**
 * Joins NAL units of the given types, in their order, without duplicates. Each type is taken from the first
 * source that has any.
 */
function annexB(
  sources: readonly (readonly Uint8Array[])[],
  typeOf: (unit: Uint8Array) => number,
  types: readonly number[],
  required: number,
): Uint8Array<ArrayBuffer> | null {
  const unitsOf = (type: number) =>
    sources.map((units) => units.filter((unit) => isUnit(unit) && typeOf(unit) === type))
      .find((units) => units.length > 0) ?? [];
  if (unitsOf(required).length === 0) return null;
  const seen = new Set<string>();
  const bytes: number[] = [];
  for (const type of types) {
    for (const unit of unitsOf(type).slice(0, MAX_PARAMETER_SETS)) {
      const content = unit.join();
      if (seen.has(content)) continue;
      seen.add(content);
      bytes.push(...START_CODE, ...unit);
    }
  }
  return new Uint8Array(bytes);
}

/** Checks the length and forbidden_zero_bit (H.264 7.3.1, H.265 7.3.1.2). */
function isUnit(unit: Uint8Array): boolean {
  return unit.byteLength > 2 && (unit[0] ?? 0) < 0x80;
}
