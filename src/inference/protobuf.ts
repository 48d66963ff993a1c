/**
 * Reads protobuf messages field by field, without a schema
 * (https://protobuf.dev/programming-guides/encoding/).
 */

/** Wire types. Groups, 3 and 4, are malformed here: no version of ONNX has them. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Bytes of the longest varint. */
const MAX_VARINT_BYTES = 10;
/** Bytes of the longest varint of 32 bits, such as a tag or a length. */
const MAX_VARINT32_BYTES = 5;
/** Bits of a tag that hold its wire type. */
const WIRE_TYPES = 8;

/** What a step of the reader found. */
export type Step = "field" | "end" | "malformed";

/** Reads the fields of one message in order. After a step that found a field it describes that field. */
export class MessageReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #number = 0;
  #wire = 0;
  #value = 0;
  #start = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The number of the field. */
  get number(): number {
    return this.#number;
  }

  /** The wire type of the field: one of {@link WIRE}. */
  get wire(): number {
    return this.#wire;
  }

  /** The value of a varint, otherwise 0. Above 2^53 only its magnitude is right; it is never 0 then. */
  get value(): number {
    return this.#value;
  }

  /** Where the field ends. */
  get end(): number {
    return this.#at;
  }

  /** A view of the content of a field that is no varint. */
  get content(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at);
  }

  /** Reads the next field. */
  next(): Step {
    if (this.#at >= this.#bytes.length) return "end";
    const tag = this.#varint(MAX_VARINT32_BYTES);
    // Of a longer tag other readers use the low 32 bits, and so see another field.
    if (tag === null || tag < WIRE_TYPES || tag >= 2 ** 32) return "malformed";
    this.#number = Math.floor(tag / WIRE_TYPES);
    this.#wire = tag % WIRE_TYPES;
    this.#value = 0;
    if (this.#wire === WIRE.varint) {
      const value = this.#varint(MAX_VARINT_BYTES);
      if (value === null) return "malformed";
      this.#value = value;
      return "field";
    }
    const length = this.#length();
    if (length === null || length > this.#bytes.length - this.#at) return "malformed";
    this.#start = this.#at;
    this.#at += length;
    return "field";
  }

  #length(): number | null {
    switch (this.#wire) {
      case WIRE.bytes:
        return this.#varint(MAX_VARINT32_BYTES);
      case WIRE.fixed64:
        return 8;
      case WIRE.fixed32:
        return 4;
      default:
        return null;
    }
  }

  /** @returns null when it is longer than `maxBytes`, or not all there */
  #varint(maxBytes: number): number | null {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < maxBytes; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return null;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    return null;
  }
}

/** Decodes the content of a string field. */
export function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}

/** Decodes an entry of a map or a `StringStringEntryProto`; what is missing or malformed is empty. */
export function entryOf(content: Uint8Array): { readonly key: string; readonly value: string } {
  const found = { key: "", value: "" };
  const reader = new MessageReader(content);
  while (reader.next() === "field") {
    if (reader.wire !== WIRE.bytes) continue;
    if (reader.number === 1) found.key = textOf(reader.content);
    if (reader.number === 2) found.value = textOf(reader.content);
  }
  return found;
}
