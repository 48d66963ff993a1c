/** RTP packets (RFC 3550 5), read in place. */

const VERSION = 2;
/** The fixed header: flags, sequence number, timestamp, SSRC. */
const HEADER_BYTES = 12;
const SOURCE_BYTES = 4;
const EXTENSION_HEADER_BYTES = 4;

/**
 * A view of one RTP packet in the buffer it was received in. Reused for all packets, to allocate nothing per
 * packet: the fields are those of the last parsed packet.
 */
export class RtpPacket {
  /** The buffer that holds the packet; borrowed from the caller of {@link parse}. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  /** The packet's offset, and the offset after its last byte (padding included). */
  start = 0;
  end = 0;
  /** The payload's offset, and the offset after its last byte (padding excluded). */
  payloadStart = 0;
  payloadEnd = 0;
  payloadType = 0;
  marker = false;
  /** 16 bits. */
  sequence = 0;
  /** 32 bits, in ticks of the format's clock rate. */
  timestamp = 0;
  /** 32 bits. */
  ssrc = 0;

  /**
   * Parses the header (RFC 3550 5.1). Skips the CSRC list, a header extension (5.3.1) and padding. Without a
   * valid count of padding the payload extends to the end: some cameras set the padding bit and pad nothing.
   *
   * @param bytes  retained, not copied: the fields are offsets into it
   * @returns false if it is no RTP packet of version 2, or truncated; the fields are then undefined
   */
  parse(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): boolean {
    const end = start + length;
    if (length < HEADER_BYTES || start < 0 || end > bytes.length) return false;
    const flags = byteAt(bytes, start);
    if (flags >> 6 !== VERSION) return false;
    let payloadStart = start + HEADER_BYTES + (flags & 15) * SOURCE_BYTES;
    if ((flags & 0x10) !== 0) {
      if (payloadStart + EXTENSION_HEADER_BYTES > end) return false;
      payloadStart += EXTENSION_HEADER_BYTES + uint16At(bytes, payloadStart + 2) * 4;
    }
    if (payloadStart > end) return false;
    const padding = (flags & 0x20) !== 0 && payloadStart < end ? byteAt(bytes, end - 1) : 0;
    const payloadEnd = padding > end - payloadStart ? end : end - padding;
    const second = byteAt(bytes, start + 1);
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.payloadStart = payloadStart;
    this.payloadEnd = payloadEnd;
    this.payloadType = second & 0x7f;
    this.marker = (second & 0x80) !== 0;
    this.sequence = uint16At(bytes, start + 2);
    this.timestamp = uint32At(bytes, start + 4);
    this.ssrc = uint32At(bytes, start + 8);
    return true;
  }
}

/**
 * Distance from sequence number `a` to `b`, both of 16 bits: -32768..32767, negative if `b` precedes `a`.
 */
export function sequenceDelta(a: number, b: number): number {
  return (b - a) << 16 >> 16;
}

/** The byte at `at`; 0 beyond the end, which callers rule out by checking lengths. */
export function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}

/** 16 bits in network order. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return byteAt(bytes, at) << 8 | byteAt(bytes, at + 1);
}

/** 32 bits in network order. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (uint16At(bytes, at) << 16 | uint16At(bytes, at + 2)) >>> 0;
}
