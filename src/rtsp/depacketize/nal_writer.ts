/** NAL units, whole or in fragments, on their way into a unit; the same for H.264 and H.265. */
import { findStartCode, START_CODE_BYTES, withoutTrailingZeros } from "../bitstream/start_codes.ts";
import type { UnitSink } from "./depacketizer.ts";

/** Set by a gateway on the way that found the unit damaged (RFC 6184 1.3, RFC 7798 1.1.4). */
const FORBIDDEN_BIT = 0x80;
const START_CODE_LENGTH = 4;
/** Several units in one fragmented unit are taken apart by way of a copy: up to so many bytes. */
const MAX_UNPACKED_BYTES = 2 * 1024 * 1024;

/** What is different between H.264 and H.265. */
export interface NalCodec {
  /** Bytes of a NAL unit's header. */
  readonly headerBytes: 1 | 2;
  typeOf(header: number): number;
  /** Whether a type is left out: filler data, reserved and unspecified types. */
  isIgnored(type: number): boolean;
  /** Whether a unit of this type is part of a picture. */
  isPicture(type: number): boolean;
  /** Says to the sink what begins: `bytes` from `start` to `end` follow the header, as far as they came. */
  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void;
  /** A whole unit has come: `bytes` from `start` to `end` is what follows its header. */
  complete(type: number, bytes: Uint8Array, start: number, end: number): void;
}

/** Writes NAL units with start codes, and keeps track of the one that comes in fragments. */
export class NalWriter {
  /** A fragmented unit has begun whose last fragment has not come. */
  isOpen = false;
  readonly #sink: UnitSink;
  readonly #codec: NalCodec;
  /** The open unit's type. */
  #type = -1;
  /** The open unit's first byte in the buffer, at its start code. */
  #start = 0;
  /** The rest of the open unit is dropped: something before it is missing. */
  #isSkipping = false;
  /** The newest fragment of the open unit had the marker. */
  #isMarked = false;

  constructor(sink: UnitSink, codec: NalCodec) {
    this.#sink = sink;
    this.#codec = codec;
  }

  /**
   * Writes a whole unit. Some cameras put several into one payload, with start codes between them: a
   * unit cannot hold a start code, so that they can always be taken apart.
   */
  unit(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    let at = start;
    for (;;) {
      const code = findStartCode(bytes, at, end);
      if (code < 0) break;
      this.#one(bytes, at, withoutTrailingZeros(bytes, at, code));
      at = code + START_CODE_BYTES;
    }
    this.#one(bytes, at, end);
  }

  #one(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const { headerBytes } = this.#codec;
    if (end - start < headerBytes) {
      // Nothing before the first start code; else a unit without a header.
      if (end > start) this.#sink.ignore();
      return;
    }
    const second = headerBytes === 2 ? bytes[start + 1] ?? 0 : 0;
    this.whole(bytes[start] ?? 0, second, bytes, start + headerBytes, end);
  }

  /** Writes a whole unit whose header is not next to the rest. */
  whole(
    header: number,
    second: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
  ): void {
    this.begin(header, second, bytes, start, end);
    if (!this.#isSkipping) this.#sink.buffer.append(bytes, start, end);
    this.close();
  }

  /** Begins a unit with its header; the bytes that follow it are looked at, but not written yet. */
  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void {
    const codec = this.#codec;
    const type = codec.typeOf(header);
    const isIgnored = codec.isIgnored(type);
    if (isIgnored) this.#sink.ignore();
    else codec.begin(header, second, bytes, start, end);
    // It is open only now: what begins ends the unit before it, and with that what was open.
    this.isOpen = true;
    this.#type = type;
    this.#isMarked = false;
    this.#isSkipping = isIgnored || (header & FORBIDDEN_BIT) !== 0;
    if (!this.#isSkipping) return this.#writeHeader(header, second);
    if (isIgnored) return;
    this.#sink.ignore();
    this.#sink.markCorrupt();
  }

  #writeHeader(header: number, second: number): void {
    const { buffer } = this.#sink;
    this.#start = buffer.length;
    buffer.appendStartCode();
    buffer.appendByte(header);
    if (this.#codec.headerBytes === 2) buffer.appendByte(second);
  }

  /**
   * Appends a fragment to the unit that is open.
   * @param isMarked  the packet has the marker
   */
  fragment(
    type: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
    isMarked: boolean,
  ): void {
    if (!this.isOpen || this.#type !== type) this.#beginInside(type);
    this.#isMarked = isMarked;
    if (!this.#isSkipping) this.#sink.buffer.append(bytes, start, end);
  }

  /** A fragment came whose unit has not begun: it is dropped, but the picture it is of counts. */
  #beginInside(type: number): void {
    this.abandon();
    const codec = this.#codec;
    this.#sink.ignore();
    if (codec.isPicture(type)) this.#sink.begin("rest");
    if (!codec.isIgnored(type)) this.#sink.markCorrupt();
    this.isOpen = true;
    this.#type = type;
    this.#isSkipping = true;
  }

  /** Ends the unit that is open: its last byte has come. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { buffer } = this.#sink;
    this.#sink.end();
    if (this.#isSkipping || buffer.isOverflown || buffer.isDiscarding) return;
    const start = this.#start + START_CODE_LENGTH + this.#codec.headerBytes;
    if (start <= buffer.length) {
      this.#codec.complete(this.#type, buffer.bytes, start, buffer.length);
    }
  }

  /** Ends a unit in fragments, and looks at what it really was. */
  closeFragmented(): void {
    const wasWhole = this.isOpen && !this.#isSkipping;
    this.close();
    const { buffer } = this.#sink;
    if (!wasWhole || this.#codec.isPicture(this.#type) || buffer.isOverflown) return;
    // Some cameras put parameter sets and a whole picture into one fragmented unit, with start codes.
    const inside = this.#start + START_CODE_LENGTH;
    const { bytes, length } = buffer;
    if (findStartCode(bytes, inside, length) < 0) return;
    if (length - inside > MAX_UNPACKED_BYTES) {
      this.#sink.ignore();
      return this.#sink.markCorrupt();
    }
    const copy = bytes.slice(inside, length);
    buffer.truncate(this.#start);
    this.unit(copy, 0, copy.length);
    // Free at once, not when garbage is collected: a camera may send many.
    copy.buffer.transfer(0);
  }

  /**
   * The open unit will not be continued, although its last fragment has not come. It is taken for whole
   * when its newest fragment had the marker: some cameras forget the end bit.
   */
  abandon(): void {
    if (!this.isOpen) return;
    const isWhole = this.#isMarked && !this.#isSkipping;
    if (!isWhole && !this.#codec.isIgnored(this.#type)) this.#sink.markCorrupt();
    this.close();
  }

  /** Fragments are missing: what else comes of the open unit is of no use. */
  gap(): void {
    if (this.isOpen) this.#isSkipping = true;
  }

  reset(): void {
    this.isOpen = false;
  }
}
