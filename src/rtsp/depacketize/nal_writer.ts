import { findStartCode, START_CODE_BYTES, withoutTrailingZeros } from "../bitstream/start_codes.ts";
import type { UnitSink } from "./depacketizer.ts";

/** forbidden_zero_bit, set by a gateway that found the NAL unit damaged (RFC 6184 1.3, RFC 7798 1.1.4). */
const FORBIDDEN_BIT = 0x80;
const START_CODE_LENGTH = 4;
/** The longest fragmented NAL unit that is copied to be split at start codes. */
const MAX_UNPACKED_BYTES = 2 * 1024 * 1024;

/** The differences between H.264 and H.265. */
export interface NalCodec {
  /** Bytes of a NAL unit's header. */
  readonly headerBytes: 1 | 2;
  typeOf(header: number): number;
  /** Whether NAL units of this type are dropped: filler data and unspecified types. */
  isIgnored(type: number): boolean;
  /** Whether this type is a VCL NAL unit. */
  isVcl(type: number): boolean;
  /** Begins the NAL unit in the sink: `bytes` from `start` to `end` follow its header, as far as received. */
  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void;
  /** Inspects a complete NAL unit: `bytes` from `start` to `end` follow its header. */
  complete(type: number, bytes: Uint8Array, start: number, end: number): void;
}

/** Writes NAL units of H.264 and H.265 with start codes, and reassembles fragmented ones. */
export class NalWriter {
  #isOpen = false;
  readonly #sink: UnitSink;
  readonly #codec: NalCodec;
  /** The open NAL unit's type. */
  #type = -1;
  /** The offset of the open NAL unit's start code in the buffer. */
  #start = 0;
  /** Further fragments of the open NAL unit are dropped: an earlier one is missing. */
  #isSkipping = false;
  /** The newest fragment's packet had the marker bit. */
  #hasMarker = false;
  /** Whether the camera sets the end bit on last fragments; some never do. */
  #endBits: "unknown" | "set" | "omitted" = "unknown";

  constructor(sink: UnitSink, codec: NalCodec) {
    this.#sink = sink;
    this.#codec = codec;
  }

  /** The last fragment of a fragmented NAL unit is outstanding. */
  get isOpen(): boolean {
    return this.#isOpen && !(this.#endBits === "omitted" && this.#hasMarker);
  }

  /**
   * Writes a complete NAL unit. Some cameras put several into one payload, separated by start codes: since
   * a NAL unit cannot contain a start code, they are split.
   */
  unit(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    let at = start;
    for (;;) {
      const code = findStartCode(bytes, at, end);
      if (code < 0) break;
      this.#single(bytes, at, withoutTrailingZeros(bytes, at, code));
      at = code + START_CODE_BYTES;
    }
    this.#single(bytes, at, end);
  }

  #single(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const { headerBytes } = this.#codec;
    if (end - start < headerBytes) {
      // Empty before the first start code; else the header is incomplete.
      if (end > start) this.#sink.ignore();
      return;
    }
    const second = headerBytes === 2 ? bytes[start + 1] ?? 0 : 0;
    this.whole(bytes[start] ?? 0, second, bytes, start + headerBytes, end);
  }

  /** Writes a complete NAL unit whose header is separate. */
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

  /** Begins a NAL unit and writes its header; the bytes that follow it are inspected, not written. */
  begin(header: number, second: number, bytes: Uint8Array, start: number, end: number): void {
    const codec = this.#codec;
    const type = codec.typeOf(header);
    const isIgnored = codec.isIgnored(type);
    if (isIgnored) this.#sink.ignore();
    else codec.begin(header, second, bytes, start, end);
    // Only now, since sink.begin may emit the previous unit and so call abandon().
    this.#isOpen = true;
    this.#type = type;
    this.#hasMarker = false;
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
   * Appends a fragment to the open NAL unit. Its type counts only if an earlier fragment is missing: some
   * cameras repeat the NAL unit's header byte in place of the type.
   * @param hasMarker  the packet has the marker bit
   */
  fragment(
    type: number,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    end: number,
    hasMarker: boolean,
  ): void {
    const isOther = this.#isSkipping && this.#type !== type;
    if (!this.#isOpen || isOther) this.#beginWithoutStart(type);
    this.#hasMarker = hasMarker;
    if (!this.#isSkipping) this.#sink.buffer.append(bytes, start, end);
  }

  /** Begins a NAL unit whose start is missing: it is dropped, but its picture is emitted as corrupt. */
  #beginWithoutStart(type: number): void {
    this.abandon();
    const codec = this.#codec;
    this.#sink.ignore();
    if (codec.isVcl(type)) this.#sink.begin("continuation");
    if (!codec.isIgnored(type)) this.#sink.markCorrupt();
    this.#isOpen = true;
    this.#type = type;
    this.#isSkipping = true;
  }

  /** Ends the open NAL unit. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { buffer } = this.#sink;
    this.#sink.end();
    if (this.#isSkipping || buffer.isOverflown || buffer.isDiscarding) return;
    const start = this.#start + START_CODE_LENGTH + this.#codec.headerBytes;
    if (start <= buffer.length) {
      this.#codec.complete(this.#type, buffer.bytes, start, buffer.length);
    }
  }

  /** Ends a fragmented NAL unit; splits it if it contains start codes. */
  closeFragmented(): void {
    this.#endBits = "set";
    const wasComplete = this.#isOpen && !this.#isSkipping;
    this.close();
    const { buffer } = this.#sink;
    if (!wasComplete || this.#codec.isVcl(this.#type) || buffer.isOverflown) return;
    // Some cameras fragment parameter sets and a picture as one NAL unit, separated by start codes.
    const contents = this.#start + START_CODE_LENGTH;
    const { bytes, length } = buffer;
    if (findStartCode(bytes, contents, length) < 0) return;
    if (length - contents > MAX_UNPACKED_BYTES) {
      this.#sink.ignore();
      return this.#sink.markCorrupt();
    }
    const copy = bytes.slice(contents, length);
    buffer.truncate(this.#start);
    this.unit(copy, 0, copy.length);
    // Frees memory at once instead of at the next garbage collection: a camera may send many.
    copy.buffer.transfer(0);
  }

  /**
   * Ends the open NAL unit without an end bit. It is complete if the newest fragment's packet had the marker
   * bit, or if the camera has set no end bit so far: no fragment is missing (see {@link gap}).
   */
  abandon(): void {
    if (!this.#isOpen) return;
    if (this.#endBits === "unknown" && !this.#isSkipping) this.#endBits = "omitted";
    const isComplete = !this.#isSkipping && (this.#hasMarker || this.#endBits === "omitted");
    if (!isComplete && !this.#codec.isIgnored(this.#type)) this.#sink.markCorrupt();
    this.close();
  }

  /** Fragments are missing: drops the rest of the open NAL unit. */
  gap(): void {
    if (this.#isOpen) this.#isSkipping = true;
  }

  reset(): void {
    this.#isOpen = false;
    this.#endBits = "unknown";
  }
}
