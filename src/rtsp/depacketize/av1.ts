/** Depacketizer of AV1 (RTP Payload Format For AV1, version 1.0 of the Alliance for Open Media). */
import type { VideoFormat } from "../media.ts";
import { byteAt, type RtpPacket } from "../rtp/packet.ts";
import type { Depacketizer, PartKind, UnitSink } from "./depacketizer.ts";

// The aggregation header (4.4).
const CONTINUES_OBU = 0x80;
const OBU_CONTINUES = 0x40;
const STARTS_SEQUENCE = 0x08;

// The header of an OBU (AV1 5.3.2).
const FORBIDDEN_BIT = 0x80;
const HAS_EXTENSION = 0x04;
const HAS_SIZE = 0x02;

/** Types of OBUs (AV1 6.2.2). */
const OBU = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  tileGroup: 4,
  frame: 6,
  redundantFrameHeader: 7,
  tileList: 8,
  padding: 15,
} as const;
/** show_existing_frame 0 and frame_type 0: the first three bits of a keyframe's header (AV1 5.9.2). */
const KEY_FRAME_BITS = 0;
/** Bytes of a 28-bit size (leb128, AV1 4.10.5), which exceeds any unit's. */
const MAX_SIZE_BYTES = 4;

/**
 * Writes temporal units in the low-overhead format (AV1 5.2): OBUs with their sizes, without temporal
 * delimiters, as libav's demuxers do.
 */
export class Av1Depacketizer implements Depacketizer {
  /** An OBU continues in the next packet. */
  isOpen = false;
  readonly #sink: UnitSink;
  readonly #hasExtradata: boolean;
  /** The sequence header is known: from the session description, or in the stream. */
  #hasSequenceHeader: boolean;
  /** The open OBU's offset in the buffer. */
  #start = 0;
  /** The open OBU is dropped: its beginning is missing, or its type is not written. */
  #isSkipping = false;
  /** Offset and size of the packet's next element. */
  #at = 0;
  #size = 0;

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#hasExtradata = format.extradata !== null;
    this.#hasSequenceHeader = this.#hasExtradata;
  }

  push({ bytes, payloadStart, payloadEnd: end }: RtpPacket): void {
    if (payloadStart >= end) return this.#sink.ignore();
    const header = byteAt(bytes, payloadStart);
    const count = header >> 4 & 3;
    const isContinuing = (header & CONTINUES_OBU) !== 0;
    if (!isContinuing) this.finish();
    if ((header & STARTS_SEQUENCE) !== 0 && !isContinuing) {
      this.#sink.begin("delimiter");
      this.#sink.end();
    }
    this.#at = payloadStart + 1;
    let index = 0;
    for (; this.#at < end; index++) {
      if (!this.#readSize(bytes, end, index === count - 1)) return this.#malformed();
      const next = this.#at + this.#size;
      if (index > 0 || !isContinuing) this.#begin(bytes, this.#at, next);
      else if (!this.isOpen) this.#beginWithoutStart();
      if (!this.#isSkipping) this.#sink.buffer.append(bytes, this.#at, next);
      if (next < end || (header & OBU_CONTINUES) === 0) this.#close();
      this.#at = next;
    }
    if (index < count) this.#malformed();
  }

  gap(): void {
    if (this.isOpen) this.#drop();
  }

  /** Drops an OBU that was not completed. */
  finish(): void {
    if (!this.isOpen) return;
    this.#drop();
    this.isOpen = false;
    this.#sink.markCorrupt();
  }

  reset(): void {
    this.isOpen = false;
    this.#hasSequenceHeader = this.#hasExtradata;
  }

  /** Reads the element's size, which precedes it unless it is the last of a counted number. */
  #readSize(bytes: Uint8Array, end: number, isLast: boolean): boolean {
    if (isLast) {
      this.#size = end - this.#at;
      return true;
    }
    let size = 0;
    for (let index = 0; index < MAX_SIZE_BYTES && this.#at < end; index++) {
      const byte = byteAt(bytes, this.#at++);
      size |= (byte & 0x7f) << (7 * index);
      if ((byte & 0x80) !== 0) continue;
      this.#size = size;
      return this.#at + size <= end;
    }
    return false;
  }

  #begin(bytes: Uint8Array, start: number, end: number): void {
    const header = byteAt(bytes, start);
    const type = header >> 3 & 15;
    this.#isSkipping = !this.#isWanted(header, start < end);
    // Only now, since sink.begin may emit the previous unit and so call finish().
    this.isOpen = true;
    if (this.#isSkipping) return;
    if (type === OBU.sequenceHeader) this.#hasSequenceHeader = true;
    if (type === OBU.frame || type === OBU.frameHeader) {
      const at = start + headerBytes(header);
      const isKey = at < end && byteAt(bytes, at) >> 5 === KEY_FRAME_BITS;
      this.#sink.picture(isKey && this.#hasSequenceHeader, isKey, true);
    }
    this.#start = this.#sink.buffer.length;
  }

  /** Begins the OBU in the sink. @returns whether to write it */
  #isWanted(header: number, hasHeader: boolean): boolean {
    const type = header >> 3 & 15;
    if (!hasHeader || type === OBU.padding) {
      this.#sink.ignore();
      return false;
    }
    if ((header & FORBIDDEN_BIT) !== 0) {
      this.#sink.ignore();
      this.#sink.markCorrupt();
      return false;
    }
    this.#sink.begin(kindOf(type));
    return type !== OBU.temporalDelimiter;
  }

  /** Begins an OBU whose start is missing. */
  #beginWithoutStart(): void {
    this.isOpen = true;
    this.#isSkipping = true;
    this.#sink.ignore();
    this.#sink.begin("continuation");
    this.#sink.markCorrupt();
  }

  /** Ends the open OBU, and inserts its size if it has none. */
  #close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { buffer } = this.#sink;
    if (!this.#isSkipping && !buffer.isOverflown && !buffer.isDiscarding) this.#writeSize();
    this.#sink.end();
  }

  #writeSize(): void {
    const { buffer } = this.#sink;
    const header = byteAt(buffer.bytes, this.#start);
    if ((header & HAS_SIZE) !== 0) return;
    const sizeAt = this.#start + headerBytes(header);
    const size = buffer.length - sizeAt;
    if (size < 0) return this.#malformed();
    const sizeBytes = leb128Bytes(size);
    if (!buffer.insert(sizeAt, sizeBytes)) return;
    buffer.bytes[this.#start] = header | HAS_SIZE;
    let remaining = size;
    for (let index = 0; index < sizeBytes; index++) {
      buffer.bytes[sizeAt + index] = (remaining & 0x7f) | (index + 1 < sizeBytes ? 0x80 : 0);
      remaining >>>= 7;
    }
  }

  /** Drops the open OBU: the part that was written, and the part that follows. */
  #drop(): void {
    const { buffer } = this.#sink;
    if (!this.#isSkipping) buffer.truncate(this.#start);
    this.#isSkipping = true;
  }

  #malformed(): void {
    this.#sink.ignore();
    this.#sink.markCorrupt();
  }
}

/**
 * Frames are `joining`: a temporal unit has several if not all of them are shown, so that a frame does not
 * imply that the previous unit is complete.
 */
function kindOf(type: number): PartKind {
  switch (type) {
    case OBU.sequenceHeader:
    case OBU.temporalDelimiter:
      return "delimiter";
    case OBU.frame:
    case OBU.frameHeader:
      return "joining";
    case OBU.tileGroup:
    case OBU.redundantFrameHeader:
    case OBU.tileList:
      return "continuation";
    default:
      return "other";
  }
}

function headerBytes(header: number): number {
  return (header & HAS_EXTENSION) !== 0 ? 2 : 1;
}

function leb128Bytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
