/** Depacketizer of H.265 (RFC 7798). */
import { BitReader } from "../bitstream/bit_reader.ts";
import type { VideoFormat } from "../media.ts";
import {
  H265,
  h265RecoveryPictures,
  h265Type,
  isH265Aud,
  isH265FirstSlice,
  isH265Irap,
  isH265ParameterSet,
  isH265Vcl,
} from "../bitstream/nal.ts";
import { byteAt, type RtpPacket, uint16At } from "../rtp/packet.ts";
import type { Depacketizer, PartKind, UnitSink } from "./depacketizer.ts";
import { type NalCodec, NalWriter } from "./nal_writer.ts";

const HEADER_BYTES = 2;
const SIZE_BYTES = 2;
const FU_START = 0x80;
const FU_END = 0x40;
/** The decoding order number (DONL), and its difference to that of the previous NAL unit (DOND). */
const DONL_BYTES = 2;
const DOND_BYTES = 1;
/** The type's bits in the first byte of the header. */
const TYPE_MASK = 0x7e;

/**
 * Supports single NAL units, aggregation packets and fragmentation units. Skips decoding order numbers,
 * since units arrive in decoding order. PACI packets are unsupported.
 */
export class H265Depacketizer implements Depacketizer {
  readonly #sink: UnitSink;
  readonly #writer: NalWriter;
  readonly #hasDonl: boolean;

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#hasDonl = format.hasDonl;
    this.#writer = new NalWriter(sink, new H265Codec(sink));
  }

  get isOpen(): boolean {
    return this.#writer.isOpen;
  }

  push(packet: RtpPacket): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    if (end - start < HEADER_BYTES) return this.#sink.ignore();
    switch (h265Type(byteAt(bytes, start))) {
      case H265.fragment:
        return this.#fragment(packet);
      case H265.aggregation:
        return this.#aggregate(packet);
      case H265.paci:
        this.#writer.abandon();
        return this.#sink.refuse("PACI");
      default:
        return this.#single(packet);
    }
  }

  gap(): void {
    this.#writer.gap();
  }

  finish(): void {
    this.#writer.abandon();
  }

  reset(): void {
    this.#writer.reset();
  }

  /** A single NAL unit (4.4.1), with an optional decoding order number after its header. */
  #single({ bytes, payloadStart: start, payloadEnd: end }: RtpPacket): void {
    this.#writer.abandon();
    if (!this.#hasDonl) return this.#writer.unit(bytes, start, end);
    const data = start + HEADER_BYTES + DONL_BYTES;
    if (data > end) return this.#malformed();
    this.#writer.whole(byteAt(bytes, start), byteAt(bytes, start + 1), bytes, data, end);
  }

  /** An aggregation packet (4.4.2): a sequence of sizes and NAL units. */
  #aggregate({ bytes, payloadStart, payloadEnd: end }: RtpPacket): void {
    this.#writer.abandon();
    let donBytes = this.#hasDonl ? DONL_BYTES : 0;
    let at = payloadStart + HEADER_BYTES;
    let size = 0;
    let units = 0;
    while (at + donBytes + SIZE_BYTES <= end) {
      at += donBytes;
      size = uint16At(bytes, at);
      at += SIZE_BYTES;
      if (at + size > end) return this.#malformed();
      // Some cameras send empty units, or append zeros.
      if (size > 0) this.#writer.unit(bytes, at, at + size);
      at += size;
      units++;
      donBytes = this.#hasDonl ? DOND_BYTES : 0;
    }
    if ((at !== end && size > 0) || units === 0) this.#malformed();
  }

  /** A fragmentation unit (4.4.3). With both start and end bit, which is forbidden, a complete NAL unit. */
  #fragment({ bytes, payloadStart, payloadEnd: end, marker }: RtpPacket): void {
    let start = payloadStart + HEADER_BYTES + 1;
    if (start > end) return this.#malformed();
    const fragmentHeader = byteAt(bytes, payloadStart + HEADER_BYTES);
    const type = fragmentHeader & 63;
    const isStart = (fragmentHeader & FU_START) !== 0;
    if (isStart && this.#hasDonl) start += DONL_BYTES;
    if (start > end) return this.#malformed();
    if (isStart) {
      this.#writer.abandon();
      const header = (byteAt(bytes, payloadStart) & ~TYPE_MASK) | type << 1;
      const second = byteAt(bytes, payloadStart + 1);
      this.#writer.begin(header, second, bytes, start, end);
    }
    this.#writer.fragment(type, bytes, start, end, marker);
    if ((fragmentHeader & FU_END) !== 0) this.#writer.closeFragmented();
  }

  #malformed(): void {
    this.#sink.ignore();
    this.#sink.markCorrupt();
  }
}

class H265Codec implements NalCodec {
  readonly headerBytes = 2;
  readonly #sink: UnitSink;
  readonly #reader = new BitReader();

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  typeOf(header: number): number {
    return h265Type(header);
  }

  /** Filler data, and the unspecified types 48 to 63. */
  isIgnored(type: number): boolean {
    return type === H265.filler || type >= H265.aggregation;
  }

  isVcl(type: number): boolean {
    return isH265Vcl(type);
  }

  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void {
    const type = h265Type(header);
    const layer = (header & 1) << 5 | second >> 3;
    // NAL units of enhancement layers (annex F) belong to the preceding picture of the base layer.
    if (layer > 0) return this.#sink.begin(isH265Vcl(type) ? "suffix" : "other");
    if (!isH265Vcl(type)) return this.#sink.begin(kindOf(type));
    const isFirst = start < end && isH265FirstSlice(byteAt(bytes, start));
    this.#sink.begin(isFirst ? "first" : "continuation");
    // Sub-layer non-reference pictures may be referenced by higher sub-layers.
    this.#sink.picture(isH265Irap(type), isH265Irap(type), true);
  }

  complete(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type !== H265.prefixSei) return;
    this.#reader.set(bytes, start, end);
    const pictures = h265RecoveryPictures(this.#reader);
    if (pictures >= 0) this.#sink.recoveryPoint(pictures);
  }
}

function kindOf(type: number): PartKind {
  if (isH265Aud(type)) return "delimiter";
  if (isH265ParameterSet(type)) return "prefix";
  switch (type) {
    case H265.endOfSequence:
    case H265.endOfBitstream:
    case H265.suffixSei:
      return "suffix";
    default:
      return type >= H265.reservedSuffixFirst ? "suffix" : "other";
  }
}
