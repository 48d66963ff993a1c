/** Depacketizer of MPEG-4 part 2 (RFC 6416, formerly 3016): the bitstream, split at any byte. */
import { byteAt, type RtpPacket } from "../rtp/packet.ts";
import { findStartCode, START_CODE_BYTES } from "../bitstream/start_codes.ts";
import type { Depacketizer, UnitSink } from "./depacketizer.ts";

/** The start code of a picture, a VOP (ISO/IEC 14496-2 6.2.5). */
const VOP = 0xb6;
/** vop_coding_type, the two bits that follow. */
const INTRA_VOP = 0;

export class Mpeg4Depacketizer implements Depacketizer {
  /** A packet does not show whether its picture continues. */
  readonly isOpen = false;
  readonly #sink: UnitSink;

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  /**
   * Appends the payload. Headers are in packets of their own, or in the picture's first packet before it
   * (RFC 6416 5.1). A picture begins with its start code, and continues in packets without one.
   */
  push({ bytes, payloadStart: start, payloadEnd: end }: RtpPacket): void {
    if (start >= end) return this.#sink.ignore();
    const hasHeader =
      findStartCode(bytes, start, Math.min(end, start + START_CODE_BYTES)) === start;
    const vop = hasHeader ? findVop(bytes, start, end) : -1;
    if (vop >= 0) {
      this.#sink.begin("first");
      const isIntra = byteAt(bytes, vop) >> 6 === INTRA_VOP;
      this.#sink.picture(isIntra, isIntra, true);
    } else {
      this.#sink.begin(hasHeader ? "prefix" : "continuation");
    }
    this.#sink.buffer.append(bytes, start, end);
    this.#sink.end();
  }

  gap(): void {
    // The sink is notified by its owner; decoders resynchronise at the next start code or marker.
  }

  finish(): void {
    // Payloads are complete as they are.
  }

  reset(): void {
    // Stateless.
  }
}

/** The offset after a picture's start code, or -1. */
function findVop(bytes: Uint8Array, start: number, end: number): number {
  for (let at = findStartCode(bytes, start, end); at >= 0;) {
    const code = at + START_CODE_BYTES;
    if (code + 1 < end && byteAt(bytes, code) === VOP) return code + 1;
    at = findStartCode(bytes, code, end);
  }
  return -1;
}
