/** Memory that a unit is put together in. */

/** A unit up to this size is put together in the first memory; a larger one goes on into a second. */
export const MAX_FIRST_BYTES = 1024 * 1024;

/**
 * Bytes one after the other, up to a limit, in memory that is used again for each unit. What no longer
 * fits is not kept, and {@link isOverflown} says so.
 *
 * The first memory is made as large as it may be: the operating system gives its pages as they are written
 * to, and memory that was grown, by a copy or by `transfer()`, took a quarter longer to write to.
 *
 * A unit that outgrows the first memory moves, a full memory at a time, to a second one that is as large
 * as the limit. That one is resizable: the operating system gets its pages back at once when the units
 * are small again, without a copy and without the garbage collector. It is slow to write to in small
 * pieces, though, which is why all bytes come by the first.
 */
export class UnitBuffer {
  /** More came than the limit allows. */
  isOverflown = false;
  /** What is appended is thrown away. */
  isDiscarding = false;
  /** A unit may have so many bytes at present: no more than the memory was made for. */
  limitBytes: number;
  readonly #maxBytes: number;
  #length = 0;
  #first: Uint8Array<ArrayBuffer>;
  #into: DataView;
  /** Bytes that the first memory holds. */
  #capacity: number;
  /** Empty, or as large as the limit. */
  #second: Uint8Array<ArrayBuffer> | null = null;
  /** Bytes of the unit that are in the second memory; those after them are in the first. */
  #moved = 0;
  /** What was copied from last, and a view of it: packets come in the same few buffers. */
  #source: Uint8Array | null = null;
  #from: DataView;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.limitBytes = maxBytes;
    this.#first = new Uint8Array(Math.min(MAX_FIRST_BYTES, maxBytes));
    this.#into = new DataView(this.#first.buffer);
    this.#capacity = this.#first.byteLength;
    this.#from = this.#into;
  }

  /** The memory; what counts is before {@link length}. Valid until something is added or left out. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#moved === 0) return this.#first;
    return this.#move();
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes of memory held: at most the limit, and beyond {@link MAX_FIRST_BYTES} so much more. */
  get capacity(): number {
    return this.#capacity + (this.#second?.byteLength ?? 0);
  }

  /** Copies `start` to `end` of `source`, another buffer, to the end. */
  append(source: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const count = end - start;
    if (count <= 0 || !this.#makeRoom(count)) return;
    if (count > this.#capacity) return this.#appendLong(source, start, end);
    if (source !== this.#source) this.#view(source);
    const from = this.#from;
    const into = this.#into;
    let at = start;
    let to = this.#length - this.#moved;
    this.#length += count;
    // Four at a time by views: set() needs a subarray, an object for each packet, and a loop over
    // single bytes takes four times as long.
    for (; at + 4 <= end; at += 4, to += 4) into.setInt32(to, from.getInt32(at, true), true);
    for (; at < end; at++, to++) into.setUint8(to, from.getUint8(at));
  }

  /** Appends one byte. */
  appendByte(value: number): void {
    if (!this.#makeRoom(1)) return;
    this.#first[this.#length++ - this.#moved] = value;
  }

  /** Appends the start code of a NAL unit (H.264 annex B). */
  appendStartCode(): void {
    if (!this.#makeRoom(4)) return;
    this.#into.setInt32(this.#length - this.#moved, 1);
    this.#length += 4;
  }

  /** Moves the bytes from `at` on by `count` and returns whether there was room; the hole holds anything. */
  insert(at: number, count: number): boolean {
    if (!this.#makeRoom(count)) return false;
    this.bytes.copyWithin(at + count, at, this.#length);
    this.#length += count;
    if (this.#moved > 0) this.#moved = this.#length;
    return true;
  }

  /** Leaves out what is before `at`. */
  dropBefore(at: number): void {
    const { bytes } = this;
    const left = this.#length - at;
    if (this.#moved === 0 || left > this.#capacity) bytes.copyWithin(0, at, this.#length);
    else this.#first.set(bytes.subarray(at, this.#length));
    if (this.#moved > 0) this.#moved = left > this.#capacity ? left : 0;
    this.#length = left;
  }

  /** Leaves out what is from `at` on. */
  truncate(at: number): void {
    this.#length = Math.min(this.#length, at);
    this.#moved = Math.min(this.#moved, this.#length);
  }

  /** Leaves out everything. The second memory stays only for units that are large one after the other. */
  clear(): void {
    if (this.#moved === 0) this.#giveBack();
    this.#length = 0;
    this.#moved = 0;
    this.isOverflown = false;
    this.isDiscarding = false;
  }

  /** Leaves out everything, and gives back all memory. */
  release(): void {
    this.clear();
    this.#giveBack();
    // Free at once, not when garbage is collected.
    this.#first.buffer.transfer(0);
    this.#first = new Uint8Array(0);
    this.#into = new DataView(this.#first.buffer);
    this.#capacity = 0;
  }

  #view(source: Uint8Array<ArrayBuffer>): void {
    this.#source = source;
    this.#from = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** Whether there is room for so many bytes: in the first memory, or where they are more, in the second. */
  #makeRoom(count: number): boolean {
    if (this.isDiscarding || this.isOverflown) return false;
    const inFirst = this.#length - this.#moved + count;
    if (this.#length + count > this.limitBytes) {
      this.isOverflown = true;
      this.#length = 0;
      this.#moved = 0;
      this.#giveBack();
      return false;
    }
    if (inFirst > this.#capacity) this.#move();
    return true;
  }

  /** Moves what is in the first memory to the second. */
  #move(): Uint8Array<ArrayBuffer> {
    const second = this.#takeSecond();
    const count = this.#length - this.#moved;
    if (count > 0) second.set(this.#first.subarray(0, count), this.#moved);
    this.#moved = this.#length;
    return second;
  }

  /** More than the first memory holds, which is empty after {@link #makeRoom}. */
  #appendLong(source: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#move().set(source.subarray(start, end), this.#length);
    this.#length += end - start;
    this.#moved = this.#length;
  }

  #takeSecond(): Uint8Array<ArrayBuffer> {
    const second = this.#second ??
      new Uint8Array(new ArrayBuffer(0, { maxByteLength: this.#maxBytes }));
    if (second.byteLength === 0) second.buffer.resize(this.#maxBytes);
    return this.#second = second;
  }

  #giveBack(): void {
    if (this.#second !== null && this.#second.byteLength > 0) this.#second.buffer.resize(0);
  }
}
