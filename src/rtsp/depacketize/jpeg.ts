/** Depacketizer of JPEG (RFC 2435), whose packets have no JPEG headers: they are reconstructed. */
import type { VideoFormat } from "../media.ts";
import { byteAt, type RtpPacket, uint16At } from "../rtp/packet.ts";
import type { Depacketizer, UnitSink } from "./depacketizer.ts";
import { HUFFMAN_SEGMENT, quantizationTables, TABLE_VALUES } from "./jpeg_tables.ts";

const HEADER_BYTES = 8;
const RESTART_HEADER_BYTES = 4;
const TABLE_HEADER_BYTES = 4;
/** Types from this on have a restart header. */
const RESTART_TYPE = 64;
/** Q from this on has its tables in the packets; the last Q has them in every picture. */
const FIRST_DYNAMIC_Q = 128;
const LAST_DYNAMIC_Q = 255;
/** Four tables of 64 16-bit values: the most that a picture can refer to. */
const MAX_TABLE_BYTES = 4 * TABLE_VALUES * 2;
/** Sizes are sent in units of 8 pixels, in a byte. */
const SIZE_UNIT_PX = 8;
const END_OF_IMAGE = 0xd9;
/** JFIF 1.01 without a density: colours are YCbCr, full range. */
const APP0 = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
const START_OF_SCAN = [0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0];

/** Quantization tables; bit n of `precision` is set if table n has 16-bit values. */
interface Tables {
  readonly data: Uint8Array;
  readonly precision: number;
}

/** Writes complete JPEG files. */
export class JpegDepacketizer implements Depacketizer {
  /** Fragments carry their offset. */
  readonly isOpen = false;
  readonly #sink: UnitSink;
  readonly #sizePx: VideoFormat["sizePx"];
  /** Tables by Q: computed, or received in packets; never those of the last Q. */
  readonly #tables = new Map<number, Tables>();
  /** Bytes of the open picture's scan so far; -1 if it is incomplete or has ended. */
  #scanBytes = -1;

  constructor(format: VideoFormat, sink: UnitSink) {
    this.#sink = sink;
    this.#sizePx = format.sizePx;
  }

  push(packet: RtpPacket): void {
    const { bytes, payloadStart, payloadEnd: end } = packet;
    const type = byteAt(bytes, payloadStart + 4);
    let at = payloadStart + HEADER_BYTES;
    if (type >= RESTART_TYPE) at += RESTART_HEADER_BYTES;
    if (at > end) {
      this.#sink.ignore();
      return;
    }
    const offset = byteAt(bytes, payloadStart + 1) << 16 | uint16At(bytes, payloadStart + 2);
    if (offset === 0) return this.#begin(packet, at);
    this.#sink.begin("continuation");
    if (offset === this.#scanBytes) return this.#append(packet, at);
    this.#scanBytes = -1;
    this.#sink.ignore();
    this.#sink.markCorrupt();
  }

  gap(): void {
    // The next fragment's offset shows that data is missing.
  }

  finish(): void {
    if (this.#scanBytes < 0) return;
    this.#scanBytes = -1;
    const { buffer } = this.#sink;
    const isEnded = buffer.bytes[buffer.length - 2] === 0xff &&
      buffer.bytes[buffer.length - 1] === END_OF_IMAGE;
    if (isEnded) return;
    buffer.appendByte(0xff);
    buffer.appendByte(END_OF_IMAGE);
    this.#sink.end();
  }

  reset(): void {
    this.#scanBytes = -1;
    this.#tables.clear();
  }

  #append({ bytes, payloadEnd: end }: RtpPacket, start: number): void {
    this.#scanBytes += end - start;
    this.#sink.buffer.append(bytes, start, end);
    this.#sink.end();
  }

  /** The first fragment of a picture: writes the JPEG headers before the scan. */
  #begin(packet: RtpPacket, start: number): void {
    const { bytes, payloadStart, payloadEnd: end } = packet;
    this.#sink.begin("first");
    this.#sink.picture(true, true, true);
    this.#scanBytes = -1;
    const type = byteAt(bytes, payloadStart + 4) & 63;
    if (type > 1) return this.#sink.refuse(`JPEG type ${type}`);
    const q = byteAt(bytes, payloadStart + 5);
    const tables = this.#tablesFor(q, bytes, start, end);
    const size = sizeOf(
      byteAt(bytes, payloadStart + 6),
      byteAt(bytes, payloadStart + 7),
      this.#sizePx,
    );
    if (tables === null) return this.#sink.refuse("JPEG without quantization tables");
    if (size === null) return this.#sink.refuse("JPEG without a picture size");
    const hasRestarts = byteAt(bytes, payloadStart + 4) >= RESTART_TYPE;
    const restartInterval = hasRestarts ? uint16At(bytes, payloadStart + HEADER_BYTES) : 0;
    this.#writeHeaders({ type, size, tables, restartInterval });
    const hasTables = q >= FIRST_DYNAMIC_Q;
    const tableBytes = hasTables ? TABLE_HEADER_BYTES + uint16At(bytes, start + 2) : 0;
    this.#scanBytes = 0;
    this.#append(packet, start + tableBytes);
  }

  /** The tables of a first fragment (3.1.8, 4.2); null if they are missing or invalid. */
  #tablesFor(q: number, bytes: Uint8Array, start: number, end: number): Tables | null {
    if (q === 0) return null;
    if (q < FIRST_DYNAMIC_Q) {
      const known = this.#tables.get(q) ?? { data: quantizationTables(q), precision: 0 };
      this.#tables.set(q, known);
      return known;
    }
    if (start + TABLE_HEADER_BYTES > end) return null;
    const length = uint16At(bytes, start + 2);
    if (length === 0) return this.#tables.get(q) ?? null;
    const at = start + TABLE_HEADER_BYTES;
    if (length > MAX_TABLE_BYTES || at + length > end) return null;
    const tables = { data: bytes.slice(at, at + length), precision: byteAt(bytes, start + 1) };
    if (tableEnd(tables, 0) > length) return null;
    if (q !== LAST_DYNAMIC_Q) this.#tables.set(q, tables);
    return tables;
  }

  #writeHeaders(
    picture: {
      readonly type: number;
      readonly size: { readonly width: number; readonly height: number };
      readonly tables: Tables;
      readonly restartInterval: number;
    },
  ): void {
    const { type, size, tables, restartInterval } = picture;
    const { buffer } = this.#sink;
    const write = (values: readonly number[]) => {
      for (const value of values) buffer.appendByte(value);
    };
    write([0xff, 0xd8, ...APP0]);
    // Some cameras send one table for all components.
    const hasTwo = tableEnd(tables, 1) <= tables.data.length;
    for (let table = 0; table < (hasTwo ? 2 : 1); table++) {
      const start = table === 0 ? 0 : tableEnd(tables, table - 1);
      const values = tables.data.subarray(start, tableEnd(tables, table));
      const precision = tables.precision >> table & 1;
      write([0xff, 0xdb, 0, 3 + values.length, precision << 4 | table, ...values]);
    }
    if (restartInterval > 0) write([0xff, 0xdd, 0, 4, ...uint16(restartInterval)]);
    // Baseline allows 8-bit tables only; 16-bit ones need extended sequential.
    const startOfFrame = tables.precision === 0 ? 0xc0 : 0xc1;
    const chroma = hasTwo ? 1 : 0;
    write([0xff, startOfFrame, 0, 17, 8, ...uint16(size.height), ...uint16(size.width), 3]);
    write([1, type === 0 ? 0x21 : 0x22, 0, 2, 0x11, chroma, 3, 0x11, chroma]);
    buffer.append(HUFFMAN_SEGMENT, 0, HUFFMAN_SEGMENT.length);
    write(START_OF_SCAN);
  }
}

function uint16(value: number): readonly [number, number] {
  return [value >> 8 & 0xff, value & 0xff];
}

/** The end offset of a table. */
function tableEnd({ precision }: Tables, index: number): number {
  let end = 0;
  for (let table = 0; table <= index; table++) {
    end += (precision >> table & 1) === 1 ? 2 * TABLE_VALUES : TABLE_VALUES;
  }
  return end;
}

/**
 * The size of a picture from its size in units of 8 pixels, up to 2040. Larger pictures send 0 (RFC 2435
 * 3.1.5) or the low byte; then the size is that of the session description.
 */
function sizeOf(
  widthUnits: number,
  heightUnits: number,
  described: VideoFormat["sizePx"],
): { readonly width: number; readonly height: number } | null {
  if (described !== null) {
    const isEqual = matchesUnits(described.width, widthUnits) &&
      matchesUnits(described.height, heightUnits);
    if (isEqual || widthUnits === 0 || heightUnits === 0) return described;
  }
  if (widthUnits === 0 || heightUnits === 0) return null;
  return { width: widthUnits * SIZE_UNIT_PX, height: heightUnits * SIZE_UNIT_PX };
}

/** Whether `units` is the low byte of `px` in units of 8 pixels, rounded up or down. */
function matchesUnits(px: number, units: number): boolean {
  return (Math.ceil(px / SIZE_UNIT_PX) & 0xff) === units ||
    (Math.floor(px / SIZE_UNIT_PX) & 0xff) === units;
}
