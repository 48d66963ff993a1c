/** H.265 in RTP packets (RFC 7798). */
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
/** The whole decoding order number, and the difference to the unit before it. */
const DONL_BYTES = 2;
const DOND_BYTES = 1;
/** Bits of the first header byte that are not the type. */
const TYPE_MASK = 0x7e;

/**
 * Takes single NAL units, aggregation packets and fragmentation units. Units come in decoding order, so
 * that order numbers are skipped; PACI packets are refused.
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

  /** A whole unit (4.4.1); an order number stands between its header and the rest. */
  #single({ bytes, payloadStart: start, payloadEnd: end }: RtpPacket): void {
    this.#writer.abandon();
    if (!this.#hasDonl) return this.#writer.unit(bytes, start, end);
    const rest = start + HEADER_BYTES + DONL_BYTES;
    if (rest > end) return this.#malformed();
    this.#writer.whole(byteAt(bytes, start), byteAt(bytes, start + 1), bytes, rest, end);
  }

  /** An aggregation packet (4.4.2): units behind each other, each with its size. */
  #aggregate({ bytes, payloadStart, payloadEnd: end }: RtpPacket): void {
    this.#writer.abandon();
    let orderBytes = this.#hasDonl ? DONL_BYTES : 0;
    let at = payloadStart + HEADER_BYTES;
    let units = 0;
    while (at + orderBytes + SIZE_BYTES <= end) {
      at += orderBytes;
      const size = uint16At(bytes, at);
      at += SIZE_BYTES;
      // Zeros up to the end, as some cameras append them.
      if (size === 0) return;
      if (at + size > end) return this.#malformed();
      this.#writer.unit(bytes, at, at + size);
      at += size;
      units++;
      orderBytes = this.#hasDonl ? DOND_BYTES : 0;
    }
    if (at !== end || units === 0) this.#malformed();
  }

  /** A fragmentation unit (4.4.3). Both start and end bit, which is forbidden, make a whole unit. */
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

  /** Filler data, and 48 to 63, which H.265 leaves unspecified. */
  isIgnored(type: number): boolean {
    return type === H265.filler || type >= H265.aggregation;
  }

  isPicture(type: number): boolean {
    return isH265Vcl(type);
  }

  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void {
    const type = h265Type(header);
    const layer = (header & 1) << 5 | second >> 3;
    // Units of enhancement layers (annex F) belong to the picture of the base layer before them.
    if (layer > 0) return this.#sink.begin(isH265Vcl(type) ? "suffix" : "other");
    if (!isH265Vcl(type)) return this.#sink.begin(kindOf(type));
    const isFirst = start < end && isH265FirstSlice(byteAt(bytes, start));
    this.#sink.begin(isFirst ? "first" : "rest");
    // Pictures that their own sub-layer does not refer to may be referred to by higher ones.
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
