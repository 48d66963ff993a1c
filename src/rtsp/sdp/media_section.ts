import { MAX_PAYLOAD_TYPES } from "../limits.ts";
import type { MediaDescription, VideoCodec, VideoFormat } from "../media.ts";
import {
  decodeHex,
  type FormatParameters,
  h264Extradata,
  h265Extradata,
  parseFormatParameters,
} from "./fmtp.ts";

/** The attributes (`a=`) of a section: names in lower case, values as written. */
export type Attributes = readonly (readonly [string, string])[];

/** The first value of an attribute, or null. */
export function attributeOf(attributes: Attributes, name: string): string | null {
  return attributes.find(([other]) => other === name)?.[1] ?? null;
}

/** The encoding of a payload type. */
interface Encoding {
  readonly payloadType: number;
  /** As written, or null if not stated. */
  readonly name: string | null;
  readonly clockRate: number;
  readonly parameters: FormatParameters;
}

const VIDEO_CLOCK_RATE = 90000;
const MAX_CLOCK_RATE = 1_000_000_000;
const MAX_FRAME_RATE = 1000;
/** The limit of JPEG. */
const MAX_SIDE_PX = 65535;

/** Codecs by encoding name, in upper case, without dots. */
const CODECS: ReadonlyMap<string, VideoCodec> = new Map([
  ["H264", "h264"],
  ["H265", "hevc"],
  ["HEVC", "hevc"],
  ["JPEG", "mjpeg"],
  ["MJPEG", "mjpeg"],
  ["MP4V-ES", "mpeg4"],
  ["AV1", "av1"],
]);

/** Encoding names of static payload types of video (RFC 3551 table 5). */
const STATIC_NAMES: ReadonlyMap<number, string> = new Map([
  [25, "CelB"],
  [26, "JPEG"],
  [28, "nv"],
  [31, "H261"],
  [32, "MPV"],
  [33, "MP2T"],
  [34, "H263"],
]);

/**
 * Parses a media section.
 * @param line  the value of `m=`: kind, port, protocol, payload types (RFC 8866 5.14)
 * @param index  its index among all sections
 */
export function mediaDescription(
  line: string,
  attributes: Attributes,
  index: number,
): MediaDescription {
  const [first = "", _port, protocol = "", ...formats] = line.split(/\s+/, 3 + MAX_PAYLOAD_TYPES);
  // TP-Link writes `application/TP-LINK`.
  const kind = (first.split("/", 1)[0] ?? "").toLowerCase();
  const encodings = encodingsOf(formats, attributes);
  const { format, problem } = kind === "video"
    ? videoFormat(protocol, encodings, attributes)
    : { format: null, problem: null };
  const selected = encodings.find(({ payloadType }) => payloadType === format?.payloadType);
  return {
    index,
    kind,
    encodingName: (selected ?? encodings[0])?.name ?? null,
    control: attributeOf(attributes, "control"),
    format,
    problem,
    frameRate: frameRateOf(attributes),
  };
}

/** The encodings of a section's payload types, in order, by `rtpmap` and `fmtp`. */
function encodingsOf(formats: readonly string[], attributes: Attributes): Encoding[] {
  const maps = byPayloadType(attributes, "rtpmap");
  const fmtps = byPayloadType(attributes, "fmtp");
  const isPayloadType = (value: number) => value < MAX_PAYLOAD_TYPES;
  const numbers = formats.filter((text) => /^\d{1,3}$/.test(text)).map(Number)
    .filter(isPayloadType);
  // Without a payload type in m=, those of rtpmap apply.
  const payloadTypes = numbers.length > 0
    ? numbers
    : maps.map(([payloadType]) => payloadType).filter(isPayloadType);
  return [...new Set(payloadTypes)].map((payloadType) => {
    const map = valueFor(payloadType, maps, payloadTypes.length) ?? "";
    const [, name = null, rate] = /^([^\s/]+)(?:\s*\/\s*(\d{1,10}))?/.exec(map) ?? [];
    const clockRate = Number(rate ?? 0);
    return {
      payloadType,
      name,
      clockRate: clockRate > 0 && clockRate <= MAX_CLOCK_RATE ? clockRate : VIDEO_CLOCK_RATE,
      parameters: parseFormatParameters(valueFor(payloadType, fmtps, payloadTypes.length) ?? ""),
    };
  });
}

/** The values of an attribute by the payload type that they begin with. */
function byPayloadType(attributes: Attributes, name: string): (readonly [number, string])[] {
  return attributes.flatMap(([other, value]) => {
    const match = other === name ? /^(\d{1,3})(?:\s+(.*))?$/s.exec(value) : null;
    return match === null ? [] : [[Number(match[1]), (match[2] ?? "").trim()] as const];
  });
}

/** The value for a payload type. In one camera m= and rtpmap disagree: a sole value applies to the sole type. */
function valueFor(
  payloadType: number,
  texts: readonly (readonly [number, string])[],
  payloadTypeCount: number,
): string | null {
  const own = texts.filter(([other]) => other === payloadType).map(([, text]) => text);
  if (own.length > 0) return own.join(";");
  const [first, second] = texts;
  const isOnly = payloadTypeCount === 1 && first !== undefined && second === undefined;
  return isOnly && !STATIC_NAMES.has(payloadType) ? first[1] : null;
}

interface VideoFormatResult {
  readonly format: VideoFormat | null;
  readonly problem: string | null;
}

/** The first supported payload type, or why there is none. */
function videoFormat(
  protocol: string,
  encodings: readonly Encoding[],
  attributes: Attributes,
): VideoFormatResult {
  if (!/rtp/i.test(protocol)) return { format: null, problem: "it is not sent over RTP" };
  if (/savp/i.test(protocol)) return { format: null, problem: "it is encrypted (SRTP)" };
  for (const encoding of encodings) {
    const codec = codecOf(encoding);
    if (codec !== null) return { format: formatOf(codec, encoding, attributes), problem: null };
  }
  const [first] = encodings;
  if (first === undefined) return { format: null, problem: "it names no payload type" };
  const name = first.name ?? STATIC_NAMES.get(first.payloadType);
  const problem = name === undefined
    ? `payload type ${first.payloadType} is not described`
    : `the codec ${printable(name)} is not supported`;
  return { format: null, problem };
}

/** Identifies a payload type without a name by parameters that are specific to one codec. */
function codecOf({ payloadType, name, parameters }: Encoding): VideoCodec | null {
  const encodingName = name ?? STATIC_NAMES.get(payloadType);
  if (encodingName !== undefined) {
    return CODECS.get(encodingName.toUpperCase().replaceAll(".", "")) ?? null;
  }
  if (parameters.has("sprop-parameter-sets") || parameters.has("packetization-mode")) return "h264";
  return parameters.has("sprop-vps") || parameters.has("sprop-sps") ? "hevc" : null;
}

function formatOf(codec: VideoCodec, encoding: Encoding, attributes: Attributes): VideoFormat {
  const { payloadType, clockRate, parameters } = encoding;
  return {
    codec,
    clockRate,
    payloadType,
    extradata: extradataOf(codec, parameters),
    hasDonl: codec === "hevc" && Number(parameters.get("sprop-max-don-diff") ?? 0) > 0,
    sizePx: codec === "mjpeg" ? sizeOf(attributes, parameters) : null,
  };
}

function extradataOf(
  codec: VideoCodec,
  parameters: FormatParameters,
): Uint8Array<ArrayBuffer> | null {
  switch (codec) {
    case "h264":
      return h264Extradata(parameters);
    case "hevc":
      return h265Extradata(parameters);
    case "mpeg4":
      return decodeHex(parameters.get("config"));
    case "mjpeg":
    case "av1":
      return null;
  }
}

/**
 * The picture size, which cameras state in four ways: `x-dimensions:W,H`, `framesize:PT W-H` (3GPP TS
 * 26.234), `cliprect:TOP,LEFT,BOTTOM,RIGHT`, and format parameters.
 */
function sizeOf(attributes: Attributes, parameters: FormatParameters): VideoFormat["sizePx"] {
  const digits = (name: string) =>
    (attributeOf(attributes, name)?.match(/\d{1,6}/g) ?? []).map(Number);
  const [, frameWidth, frameHeight] = digits("framesize");
  const [top = 0, left = 0, bottom = 0, right = 0] = digits("cliprect");
  const candidates = [
    digits("x-dimensions"),
    [frameWidth, frameHeight],
    [right - left, bottom - top],
    [Number(parameters.get("width") ?? 0), Number(parameters.get("height") ?? 0)],
  ];
  for (const [width = 0, height = 0] of candidates) {
    if (isSide(width) && isSide(height)) return { width, height };
  }
  return null;
}

function isSide(px: number): boolean {
  return Number.isInteger(px) && px > 0 && px <= MAX_SIDE_PX;
}

/** The frame rate: `25`, `24.0`, ` 30000/1001`. Skips a rate of 0 (`0S`), which another line may correct. */
function frameRateOf(attributes: Attributes): number | null {
  for (const name of ["framerate", "x-framerate"]) {
    for (const [other, value] of attributes) {
      const match = other === name
        ? /^(\d{1,9}(?:\.\d{1,9})?)(?:\s*\/\s*(\d{1,9}))?/.exec(value)
        : null;
      const rate = Number(match?.[1] ?? 0) / Number(match?.[2] ?? 1);
      if (rate > 0 && rate <= MAX_FRAME_RATE) return rate;
    }
  }
  return null;
}

/** A server's word, truncated and printable. */
function printable(text: string): string {
  return text.replace(/[^\w.+-]/g, "").slice(0, 32);
}
