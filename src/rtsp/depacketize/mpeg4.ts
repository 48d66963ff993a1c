/** MPEG-4 part 2 in RTP packets (RFC 6416, and 3016 before it): the stream, cut anywhere. */
import { byteAt, type RtpPacket } from "../rtp/packet.ts";
import { findStartCode, START_CODE_BYTES } from "../bitstream/start_codes.ts";
import type { Depacketizer, UnitSink } from "./depacketizer.ts";

/** The start code of a picture, a VOP (ISO/IEC 14496-2 6.2.5); those of headers are others. */
const VOP = 0xb6;
/** vop_coding_type, the two bits after it: intra. */
const INTRA_VOP = 0;

export class Mpeg4Depacketizer implements Depacketizer {
  /** A packet does not say whether its picture goes on. */
  readonly isOpen = false;
  readonly #sink: UnitSink;

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  /**
   * Appends the payload. Headers come in packets of their own, or before the picture in its first one
   * (RFC 6416 5.1); a picture begins where its start code is, and goes on in packets that begin without.
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
      this.#sink.begin(hasHeader ? "prefix" : "rest");
    }
    this.#sink.buffer.append(bytes, start, end);
    this.#sink.end();
  }

  gap(): void {
    // The sink knows; a decoder finds the next start code or resynchronization marker.
  }

  finish(): void {
    // Nothing is left out that would have to be put there again.
  }

  reset(): void {
    // There is no state.
  }
}

/** The byte after a picture's start code, or -1. */
function findVop(bytes: Uint8Array, start: number, end: number): number {
  for (let at = findStartCode(bytes, start, end); at >= 0;) {
    const code = at + START_CODE_BYTES;
    if (code + 1 < end && byteAt(bytes, code) === VOP) return code + 1;
    at = findStartCode(bytes, code, end);
  }
  return -1;
}
