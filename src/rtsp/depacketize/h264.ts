/** Depacketizer of H.264 (RFC 6184). */
import { BitReader } from "../bitstream/bit_reader.ts";
import { H264SliceReader } from "../bitstream/h264_slice.ts";
import type { VideoFormat } from "../media.ts";
import {
  H264,
  h264RecoveryFrames,
  h264RefIdc,
  h264Type,
  isH264Aud,
  isH264ParameterSet,
  isH264Vcl,
} from "../bitstream/nal.ts";
import { byteAt, type RtpPacket, uint16At } from "../rtp/packet.ts";
import { findStartCode, START_CODE_BYTES } from "../bitstream/start_codes.ts";
import type { Depacketizer, PartKind, UnitSink } from "./depacketizer.ts";
import { type NalCodec, NalWriter } from "./nal_writer.ts";

const FU_START = 0x80;
const FU_END = 0x40;
/** The decoding order number (DON) of STAP-B and FU-B. */
const DON_BYTES = 2;
const SIZE_BYTES = 2;
/** forbidden_zero_bit and nal_ref_idc of a NAL unit's header. */
const HEADER_FLAGS = 0xe0;

/**
 * Supports single NAL units, STAP-A, STAP-B, FU-A and FU-B. Skips the decoding order numbers of STAP-B and
 * FU-B, since units arrive in decoding order. MTAP16 and MTAP24 are unsupported.
 */
export class H264Depacketizer implements Depacketizer {
  readonly #sink: UnitSink;
  readonly #writer: NalWriter;

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#writer = new NalWriter(sink, new H264Codec(format, sink));
  }

  get isOpen(): boolean {
    return this.#writer.isOpen;
  }

  push(packet: RtpPacket): void {
    const { bytes, payloadStart: start, payloadEnd: end } = packet;
    if (start >= end) return this.#sink.ignore();
    const type = h264Type(byteAt(bytes, start));
    switch (type) {
      case H264.fuA:
      case H264.fuB:
        return this.#fragment(packet, type === H264.fuB ? DON_BYTES : 0);
      case H264.stapA:
        return this.#aggregate(packet, start + 1);
      case H264.stapB:
        return this.#aggregate(packet, start + 1 + DON_BYTES);
      case H264.mtap16:
        return this.#refuse("MTAP16");
      case H264.mtap24:
        return this.#refuse("MTAP24");
      default:
        this.#writer.abandon();
        this.#writer.unit(bytes, start, end);
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

  #refuse(name: string): void {
    this.#writer.abandon();
    this.#sink.refuse(name);
  }

  /** STAP-A and STAP-B (5.7.1): a sequence of sizes and NAL units. */
  #aggregate({ bytes, payloadEnd: end }: RtpPacket, start: number): void {
    this.#writer.abandon();
    let at = start;
    let size = 0;
    while (at + SIZE_BYTES <= end) {
      size = uint16At(bytes, at);
      at += SIZE_BYTES;
      if (at + size > end) break;
      // Some cameras send empty units, or append zeros.
      if (size > 0) this.#writer.unit(bytes, at, at + size);
      at += size;
    }
    if ((at === end || size === 0) && at > start) return;
    this.#sink.ignore();
    this.#sink.markCorrupt();
  }

  /**
   * FU-A and FU-B (5.8): a fragment of a NAL unit. With both the start and the end bit, which is
   * forbidden, it is a complete NAL unit: some cameras send small ones this way.
   */
  #fragment({ bytes, payloadStart, payloadEnd: end, marker }: RtpPacket, donBytes: number): void {
    const start = payloadStart + 2 + donBytes;
    if (start > end) {
      this.#sink.ignore();
      this.#sink.markCorrupt();
      return;
    }
    const indicator = byteAt(bytes, payloadStart);
    const fragmentHeader = byteAt(bytes, payloadStart + 1);
    const header = (indicator & HEADER_FLAGS) | h264Type(fragmentHeader);
    if ((fragmentHeader & FU_START) !== 0) {
      this.#writer.abandon();
      this.#writer.begin(header, 0, bytes, start, end);
    }
    this.#writer.fragment(h264Type(header), bytes, start, end, marker);
    if ((fragmentHeader & FU_END) !== 0) this.#writer.closeFragmented();
  }
}

class H264Codec implements NalCodec {
  readonly headerBytes = 1;
  readonly #sink: UnitSink;
  readonly #slices = new H264SliceReader();
  readonly #reader = new BitReader();

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#readExtradata(format.extradata);
  }

  typeOf(header: number): number {
    return h264Type(header);
  }

  /** Filler data, and the unspecified types 0 and 24 to 31, which must not occur inside other packets. */
  isIgnored(type: number): boolean {
    return type === H264.filler || type === 0 || type >= H264.stapA;
  }

  isVcl(type: number): boolean {
    return isH264Vcl(type);
  }

  begin(header: number, _second: number, bytes: Uint8Array, start: number, end: number): void {
    const type = h264Type(header);
    if (!isH264Vcl(type)) return this.#sink.begin(kindOf(type));
    const slices = this.#slices;
    slices.readSlice(bytes, start, end);
    const isPartition = type > H264.partitionA && type <= H264.partitionC;
    const kind = isPartition || !slices.isFirst ? "continuation" : "first";
    this.#sink.begin(slices.isSecondField && !isPartition ? "joining" : kind);
    this.#sink.picture(
      type === H264.idr,
      slices.isIntra || type === H264.idr,
      h264RefIdc(header) > 0,
    );
  }

  complete(type: number, bytes: Uint8Array, start: number, end: number): void {
    if (type === H264.sps) this.#slices.readSps(bytes, start, end);
    if (type !== H264.sei) return;
    this.#reader.set(bytes, start, end);
    const frames = h264RecoveryFrames(this.#reader);
    if (frames >= 0) this.#sink.recoveryPoint(frames);
  }

  #readExtradata(extradata: Uint8Array | null): void {
    if (extradata === null) return;
    const end = extradata.length;
    for (let at = findStartCode(extradata, 0, end); at >= 0;) {
      const start = at + START_CODE_BYTES;
      const next = findStartCode(extradata, start, end);
      const isSps = start < end && h264Type(byteAt(extradata, start)) === H264.sps;
      if (isSps) this.#slices.readSps(extradata, start + 1, next < 0 ? end : next);
      at = next;
    }
  }
}

function kindOf(type: number): PartKind {
  if (isH264Aud(type)) return "delimiter";
  if (isH264ParameterSet(type)) return "prefix";
  switch (type) {
    case H264.endOfSequence:
    case H264.endOfStream:
    case H264.auxiliarySlice:
    case H264.sliceExtension:
    case H264.depthSliceExtension:
      return "suffix";
    default:
      return "other";
  }
}
