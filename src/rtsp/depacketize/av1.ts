/** AV1 in RTP packets (RTP Payload Format For AV1, version 1.0 of the Alliance for Open Media). */
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
/** Bytes that a size of 28 bits takes (leb128, AV1 4.10.5): more than any unit has. */
const MAX_SIZE_BYTES = 4;

/**
 * Writes OBUs with their sizes (the low-overhead format, AV1 5.2), one temporal unit at a time, without
 * temporal delimiters: what libav's AV1 decoders get from files as well.
 */
export class Av1Depacketizer implements Depacketizer {
  /** An OBU has begun that goes on in the next packet. */
  isOpen = false;
  readonly #sink: UnitSink;
  readonly #isDescribed: boolean;
  /** A decoder can know the sequence: from the description, or from a header in the stream. */
  #hasSequenceHeader: boolean;
  /** The open OBU's first byte in the buffer. */
  #start = 0;
  /** The open OBU is not written: its beginning is missing, or it is one that is left out. */
  #isSkipping = false;
  /** Where the next element of the packet begins, and its size. */
  #at = 0;
  #size = 0;

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#isDescribed = format.extradata !== null;
    this.#hasSequenceHeader = this.#isDescribed;
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
      else if (!this.isOpen) this.#beginInside();
      if (!this.#isSkipping) this.#sink.buffer.append(bytes, this.#at, next);
      if (next < end || (header & OBU_CONTINUES) === 0) this.#close();
      this.#at = next;
    }
    if (index < count) this.#malformed();
  }

  gap(): void {
    if (this.isOpen) this.#drop();
  }

  /** An OBU whose rest does not come is of no use. */
  finish(): void {
    if (!this.isOpen) return;
    this.#drop();
    this.isOpen = false;
    this.#sink.markCorrupt();
  }

  reset(): void {
    this.isOpen = false;
    this.#hasSequenceHeader = this.#isDescribed;
  }

  /** Sets the element's size: written before it, but for the last of a counted row. */
  #readSize(bytes: Uint8Array, end: number, isRest: boolean): boolean {
    if (isRest) {
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
    // It is open only now: what begins ends the unit before it, and with that what was open.
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

  /** Says to the sink what begins, and whether it is to be written. */
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

  /** The rest of an OBU came whose beginning is missing. */
  #beginInside(): void {
    this.isOpen = true;
    this.#isSkipping = true;
    this.#sink.ignore();
    this.#sink.begin("rest");
    this.#sink.markCorrupt();
  }

  /** The open OBU is whole: puts its size into it, unless the sender has. */
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
    const bytesOfSize = leb128Bytes(size);
    if (!buffer.insert(sizeAt, bytesOfSize)) return;
    buffer.bytes[this.#start] = header | HAS_SIZE;
    let rest = size;
    for (let index = 0; index < bytesOfSize; index++) {
      buffer.bytes[sizeAt + index] = (rest & 0x7f) | (index + 1 < bytesOfSize ? 0x80 : 0);
      rest >>>= 7;
    }
  }

  /** Leaves out what came of the open OBU, and what still comes of it. */
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
 * Several frames make a temporal unit when not all of them are shown: a frame does not show that the
 * unit before it is complete.
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
      return "rest";
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
