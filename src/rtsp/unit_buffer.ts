/** Memory that a unit is put together in. */

/** Where a buffer begins; it doubles from there. */
const INITIAL_BYTES = 64 * 1024;
/**
 * Beyond this it grows to its limit at once: doubled further, it and what it leaves to the garbage
 * collector would take twice the limit.
 */
const MAX_DOUBLED_BYTES = 1024 * 1024;

/**
 * Bytes one after the other, in memory that grows up to a limit and is used again for each unit. What no longer fits is not kept, and {@link isOverflown} says so.
 */
export class UnitBuffer {
  /** The memory; what counts is before {@link length}. Replaced when it grows. */
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  /** More came than the limit allows. */
  isOverflown = false;
  /** What is appended is thrown away. */
  isDiscarding = false;
  readonly #maxBytes: number;
  #into: DataView;
  /** What was copied from last, and a view of it: packets come in the same few buffers. */
  #source: Uint8Array | null = null;
  #from: DataView;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.bytes = new Uint8Array(Math.min(INITIAL_BYTES, maxBytes));
    this.#into = new DataView(this.bytes.buffer);
    this.#from = this.#into;
  }

  /** Bytes of memory held. */
  get capacity(): number {
    return this.bytes.length;
  }

  /** Copies `start` to `end` of `source`, another buffer, to the end. */
  append(source: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const count = end - start;
    if (count <= 0 || !this.#makeRoom(count)) return;
    if (source !== this.#source) this.#view(source);
    const from = this.#from;
    const into = this.#into;
    let at = start;
    let to = this.length;
    // Four at a time by views: set() needs a subarray, an object for each packet, and a loop over
    // single bytes takes four times as long.
    for (; at + 4 <= end; at += 4, to += 4) into.setInt32(to, from.getInt32(at, true), true);
    for (; at < end; at++, to++) into.setUint8(to, from.getUint8(at));
    this.length = to;
  }

  /** Appends one byte. */
  appendByte(value: number): void {
    if (!this.#makeRoom(1)) return;
    this.bytes[this.length++] = value;
  }

  /** Appends the start code of a NAL unit (H.264 annex B). */
  appendStartCode(): void {
    if (!this.#makeRoom(4)) return;
    const { bytes } = this;
    bytes[this.length++] = 0;
    bytes[this.length++] = 0;
    bytes[this.length++] = 0;
    bytes[this.length++] = 1;
  }

  /** Moves the bytes from `at` on by `count` and returns whether there was room; the hole holds anything. */
  insert(at: number, count: number): boolean {
    if (!this.#makeRoom(count)) return false;
    this.bytes.copyWithin(at + count, at, this.length);
    this.length += count;
    return true;
  }

  /** Leaves out what is before `at`. */
  dropBefore(at: number): void {
    this.bytes.copyWithin(0, at, this.length);
    this.length -= at;
  }

  /** Leaves out everything. */
  clear(): void {
    this.length = 0;
    this.isOverflown = false;
    this.isDiscarding = false;
  }

  #view(source: Uint8Array<ArrayBuffer>): void {
    this.#source = source;
    this.#from = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  #makeRoom(count: number): boolean {
    if (this.isDiscarding || this.isOverflown) return false;
    const needed = this.length + count;
    if (needed <= this.bytes.length) return true;
    if (needed > this.#maxBytes) {
      this.isOverflown = true;
      this.length = 0;
      return false;
    }
    let capacity = Math.max(this.bytes.length, 1);
    while (capacity < needed) capacity *= 2;
    if (capacity > MAX_DOUBLED_BYTES) capacity = this.#maxBytes;
    const grown = new Uint8Array(Math.min(capacity, this.#maxBytes));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.#into = new DataView(grown.buffer);
    return true;
  }
}
