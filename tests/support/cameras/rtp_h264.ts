/** Access units of a raw H.264 stream, and their RTP payloads (RFC 6184). */

const AUD = 9;
const IDR = 5;
const SPS = 7;
const PPS = 8;
const FU_A = 28;

/** One picture: its NAL units without start codes. */
export interface AccessUnit {
  readonly units: readonly Uint8Array[];
  readonly isKey: boolean;
}

/** A clip, split into pictures. */
export interface RawClip {
  readonly pictures: readonly AccessUnit[];
  /** The format parameters of the session description. */
  readonly parameterSets: readonly Uint8Array[];
}

function typeOf(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 31;
}

/** Splits a byte stream at its start codes. */
export function nalUnits(stream: Uint8Array): Uint8Array[] {
  const starts: { readonly code: number; readonly unit: number }[] = [];
  for (let at = 0; at + 3 <= stream.length; at++) {
    if (stream[at] === 0 && stream[at + 1] === 0 && stream[at + 2] === 1) {
      starts.push({ code: at > 0 && stream[at - 1] === 0 ? at - 1 : at, unit: at + 3 });
      at += 2;
    }
  }
  return starts.map(({ unit }, index) => stream.subarray(unit, starts[index + 1]?.code));
}

/** Reads a raw stream whose pictures each begin with an access unit delimiter. */
export function rawClip(stream: Uint8Array): RawClip {
  const pictures: { units: Uint8Array[]; isKey: boolean }[] = [];
  const sets = new Map<number, Uint8Array>();
  for (const unit of nalUnits(stream)) {
    const type = typeOf(unit);
    if (type === AUD) {
      pictures.push({ units: [], isKey: false });
      continue;
    }
    if (type === SPS || type === PPS) sets.set(type, unit);
    const picture = pictures.at(-1);
    if (picture === undefined) throw new Error("the stream does not begin with a delimiter");
    picture.units.push(unit);
    if (type === IDR) picture.isKey = true;
  }
  return { pictures, parameterSets: [...sets.values()] };
}

/** The RTP payloads of one NAL unit: itself, or fragments of it. */
export function payloads(unit: Uint8Array, maxBytes: number): Uint8Array[] {
  if (unit.length <= maxBytes) return [unit];
  const head = unit[0] ?? 0;
  const parts: Uint8Array[] = [];
  for (let at = 1; at < unit.length; at += maxBytes - 2) {
    const body = unit.subarray(at, at + maxBytes - 2);
    const isLast = at + body.length >= unit.length;
    const flags = (at === 1 ? 0x80 : 0) | (isLast ? 0x40 : 0);
    const part = new Uint8Array(body.length + 2);
    part[0] = (head & 0xe0) | FU_A;
    part[1] = flags | (head & 31);
    part.set(body, 2);
    parts.push(part);
  }
  return parts;
}

/** A numbered packet of payload type 96. */
export function rtpPacket(packet: {
  readonly payload: Uint8Array;
  readonly sequence: number;
  readonly timestamp: number;
  readonly isLast: boolean;
}): Uint8Array {
  const bytes = new Uint8Array(12 + packet.payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, 96 | (packet.isLast ? 0x80 : 0));
  view.setUint16(2, packet.sequence & 0xffff);
  view.setUint32(4, packet.timestamp >>> 0);
  view.setUint32(8, SOURCE);
  bytes.set(packet.payload, 12);
  return bytes;
}

const SOURCE = 0x4f52494f;
/** From the NTP epoch, 1900, to 1970. */
const NTP_OFFSET_SECONDS = 2_208_988_800;

/** An RTCP sender report: `timestamp` is the RTP clock at `wallMs`. */
export function senderReport(wallMs: number, timestamp: number): Uint8Array {
  const bytes = new Uint8Array(28);
  const view = new DataView(bytes.buffer);
  const seconds = wallMs / 1000 + NTP_OFFSET_SECONDS;
  view.setUint8(0, 0x80);
  view.setUint8(1, 200);
  view.setUint16(2, 6);
  view.setUint32(4, SOURCE);
  view.setUint32(8, Math.floor(seconds));
  view.setUint32(12, Math.floor((seconds % 1) * 2 ** 32));
  view.setUint32(16, timestamp >>> 0);
  return bytes;
}
