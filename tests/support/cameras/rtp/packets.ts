/** RTP packets as cameras send them (RFC 3550 5.1). */

/** The fields of a packet. */
export interface SentPacket {
  readonly payload: Uint8Array;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly sequence?: number;
  readonly payloadType?: number;
  readonly ssrc?: number;
  readonly csrc?: readonly number[];
  /** Words of a header extension. */
  readonly extension?: readonly number[];
  /** Bytes of padding, the last of which is their count. */
  readonly padding?: number;
}

/** The bytes of a packet. */
export function packetBytes(packet: SentPacket): Uint8Array<ArrayBuffer> {
  const { payload, csrc = [], extension, padding = 0 } = packet;
  const extensionBytes = extension === undefined ? 0 : 4 + 4 * extension.length;
  const headerBytes = 12 + 4 * csrc.length + extensionBytes;
  const bytes = new Uint8Array(headerBytes + payload.length + padding);
  const view = new DataView(bytes.buffer);
  const flags = (padding > 0 ? 0x20 : 0) | (extension === undefined ? 0 : 0x10);
  view.setUint8(0, 0x80 | flags | csrc.length);
  view.setUint8(1, (packet.marker ? 0x80 : 0) | (packet.payloadType ?? 96));
  view.setUint16(2, packet.sequence ?? 0);
  view.setUint32(4, packet.timestamp);
  view.setUint32(8, packet.ssrc ?? 0x0badcafe);
  csrc.forEach((source, index) => view.setUint32(12 + 4 * index, source));
  if (extension !== undefined) {
    const at = 12 + 4 * csrc.length;
    view.setUint16(at, 0xabac);
    view.setUint16(at + 2, extension.length);
    extension.forEach((word, index) => view.setUint32(at + 4 + 4 * index, word));
  }
  bytes.set(payload, headerBytes);
  if (padding > 0) bytes[bytes.length - 1] = padding;
  return bytes;
}

/** The packets of one picture, with the marker bit on the last. */
export function picturePackets(
  payloads: readonly Uint8Array[],
  timestamp: number,
): SentPacket[] {
  return payloads.map((payload, index) => ({
    payload,
    timestamp,
    marker: index === payloads.length - 1,
  }));
}

/** Concatenates bytes. */
export function joined(
  pieces: readonly (Uint8Array | readonly number[])[],
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Pseudo-random numbers by a seed, from 0 to below 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ state >>> 15, state | 1);
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61);
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32;
  };
}

/** Random bytes without zeros, and so without start codes. */
export function noise(count: number, seed: number): Uint8Array<ArrayBuffer> {
  const next = seeded(seed);
  return Uint8Array.from({ length: count }, () => 1 + Math.floor(next() * 255));
}
