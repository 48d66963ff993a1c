/** Session descriptions with one track, and parameter sets for them. */
import assert from "node:assert/strict";
import type { MediaDescription, VideoFormat } from "../../../../src/rtsp/media.ts";
import { parseSdp } from "../../../../src/rtsp/sdp/session_description.ts";

/** Parameter sets made with x264 and x265, without start codes. */
export const SPS = "Z0LAHtkAoC/5cBEAAAMAAQAAAwAyDxYuSA==";
export const PPS = "aMuMsg==";
export const OTHER_SPS = "Z0LAH9kAUAW7ARAAAAMAEAAAAwMg8YMkgA==";
export const VPS_265 = "QAEMAf//AWAAAAMAkAAAAwAAAwBdugJA";
export const SPS_265 = "QgEBAWAAAAMAkAAAAwAAAwBdoAKAgC0WWVmkkyvAWgIAAAMAAgAAAwAyEA==";
export const PPS_265 = "RAHBcrRiQA==";
export const START = "00000001";

export const hexOf = (base64: string) => Uint8Array.fromBase64(base64).toHex();
export const base64Of = (hex: string) => Uint8Array.fromHex(hex).toBase64();

/** The parameter sets with start codes, as hexadecimal. */
export const annexB = (...sets: readonly string[]) =>
  sets.map((set) => START + hexOf(set)).join("");

/** Parses a description with these lines. @returns its first media section */
export function first(...lines: readonly string[]): MediaDescription {
  const [media] = parseSdp(["v=0", "s=x", ...lines, ""].join("\r\n")).media;
  assert.ok(media !== undefined);
  return media;
}

export function formatOf(...lines: readonly string[]): VideoFormat {
  const { format, problem } = first(...lines);
  assert.ok(format !== null, problem ?? "");
  return format;
}

export function h264(parameters: string): VideoFormat {
  return formatOf("m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", `a=fmtp:96 ${parameters}`);
}

export const extradata = ({ extradata }: VideoFormat) => extradata?.toHex() ?? null;
