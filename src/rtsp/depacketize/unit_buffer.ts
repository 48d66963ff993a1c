/** The size of the primary memory; larger units continue in the overflow memory. */
export const MAX_PRIMARY_BYTES = 1024 * 1024;

/**
 * A byte buffer with a size limit, whose memory is reused for each access unit. Beyond the limit it drops
 * its contents and sets {@link isOverflown}.
 *
 * The primary memory is allocated at full size: the operating system commits its pages on first write, and
 * memory that was grown, by a copy or by `transfer()`, was a quarter slower to write.
 *
 * A unit that outgrows the primary memory moves, a full primary memory at a time, to the overflow memory,
 * which is as large as the limit and resizable: its pages return to the operating system at once when
 * units are small again, without a copy and without the garbage collector. Small writes to it are slow,
 * which is why all bytes pass through the primary memory.
 */
export class UnitBuffer {
  /** The limit was exceeded. */
  isOverflown = false;
  /** Appended bytes are dropped. */
  isDiscarding = false;
  /** The present size limit, at most the constructor's. */
  limitBytes: number;
  readonly #maxBytes: number;
  #length = 0;
  #primary: Uint8Array<ArrayBuffer>;
  #into: DataView;
  /** Size of the primary memory. */
  #capacity: number;
  /** Overflow memory: empty, or as large as the limit. */
  #overflow: Uint8Array<ArrayBuffer> | null = null;
  /** Bytes of the unit in the overflow memory; those after them are in the primary memory. */
  #moved = 0;
  /** The last source and a view of it: packets arrive in the same few buffers. */
  #source: Uint8Array | null = null;
  #from: DataView;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.limitBytes = maxBytes;
    this.#primary = new Uint8Array(Math.min(MAX_PRIMARY_BYTES, maxBytes));
    this.#into = new DataView(this.#primary.buffer);
    this.#capacity = this.#primary.byteLength;
    this.#from = this.#into;
  }

  /** The contents, up to {@link length}. Valid until the next change. */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#moved === 0) return this.#primary;
    return this.#move();
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes allocated: at most the limit, plus {@link MAX_PRIMARY_BYTES} if that is larger. */
  get capacity(): number {
    return this.#capacity + (this.#overflow?.byteLength ?? 0);
  }

  /** Appends a copy of `start` to `end` of another buffer. */
  append(source: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    const count = end - start;
    if (count <= 0 || !this.#reserve(count)) return;
    if (count > this.#capacity) return this.#appendLong(source, start, end);
    if (source !== this.#source) this.#setSource(source);
    const from = this.#from;
    const into = this.#into;
    let at = start;
    let to = this.#length - this.#moved;
    this.#length += count;
    // Four bytes at a time by views: set() needs a subarray, an allocation per packet, and a loop over
    // single bytes takes four times as long.
    for (; at + 4 <= end; at += 4, to += 4) into.setInt32(to, from.getInt32(at, true), true);
    for (; at < end; at++, to++) into.setUint8(to, from.getUint8(at));
  }

  /** Appends one byte. */
  appendByte(value: number): void {
    if (!this.#reserve(1)) return;
    this.#primary[this.#length++ - this.#moved] = value;
  }

  /** Appends the start code of a NAL unit (H.264 annex B). */
  appendStartCode(): void {
    if (!this.#reserve(4)) return;
    this.#into.setInt32(this.#length - this.#moved, 1);
    this.#length += 4;
  }

  /** Inserts `count` undefined bytes at `at`. @returns false if that exceeds the limit */
  insert(at: number, count: number): boolean {
    if (!this.#reserve(count)) return false;
    this.bytes.copyWithin(at + count, at, this.#length);
    this.#length += count;
    if (this.#moved > 0) this.#moved = this.#length;
    return true;
  }

  /** Removes the bytes before `at`. */
  dropBefore(at: number): void {
    const { bytes } = this;
    const left = this.#length - at;
    if (this.#moved === 0 || left > this.#capacity) bytes.copyWithin(0, at, this.#length);
    else this.#primary.set(bytes.subarray(at, this.#length));
    if (this.#moved > 0) this.#moved = left > this.#capacity ? left : 0;
    this.#length = left;
  }

  /** Removes the bytes from `at` on. */
  truncate(at: number): void {
    this.#length = Math.min(this.#length, at);
    this.#moved = Math.min(this.#moved, this.#length);
  }

  /** Removes all bytes. Keeps the overflow memory only while consecutive units are large. */
  clear(): void {
    if (this.#moved === 0) this.#freeOverflow();
    this.#length = 0;
    this.#moved = 0;
    this.isOverflown = false;
    this.isDiscarding = false;
  }

  /** Removes all bytes and frees all memory. */
  release(): void {
    this.clear();
    this.#freeOverflow();
    // Frees memory at once instead of at the next garbage collection.
    this.#primary.buffer.transfer(0);
    this.#primary = new Uint8Array(0);
    this.#into = new DataView(this.#primary.buffer);
    this.#capacity = 0;
  }

  #setSource(source: Uint8Array<ArrayBuffer>): void {
    this.#source = source;
    this.#from = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  /** Makes room for `count` bytes in the primary memory; longer data goes directly to the overflow memory. */
  #reserve(count: number): boolean {
    if (this.isDiscarding || this.isOverflown) return false;
    const inPrimary = this.#length - this.#moved + count;
    if (this.#length + count > this.limitBytes) {
      this.isOverflown = true;
      this.#length = 0;
      this.#moved = 0;
      this.#freeOverflow();
      return false;
    }
    if (inPrimary > this.#capacity) this.#move();
    return true;
  }

  /** Moves the contents of the primary memory to the overflow memory. */
  #move(): Uint8Array<ArrayBuffer> {
    const overflow = this.#allocateOverflow();
    const count = this.#length - this.#moved;
    if (count > 0) overflow.set(this.#primary.subarray(0, count), this.#moved);
    this.#moved = this.#length;
    return overflow;
  }

  /** Appends more than the primary memory can hold; that is empty after {@link #reserve}. */
  #appendLong(source: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#move().set(source.subarray(start, end), this.#length);
    this.#length += end - start;
    this.#moved = this.#length;
  }

  #allocateOverflow(): Uint8Array<ArrayBuffer> {
    const overflow = this.#overflow ??
      new Uint8Array(new ArrayBuffer(0, { maxByteLength: this.#maxBytes }));
    if (overflow.byteLength === 0) overflow.buffer.resize(this.#maxBytes);
    return this.#overflow = overflow;
  }

  #freeOverflow(): void {
    if (this.#overflow !== null && this.#overflow.byteLength > 0) this.#overflow.buffer.resize(0);
  }
}
