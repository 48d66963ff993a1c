/** Reads bits without emulation prevention (MPEG-4 part 2, VP9, AV1). Allocates nothing. */
export class PlainBits {
  /** Whether a read passed the end, where all bits read as 0. */
  isPast = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #bit = 0;
  #end = 0;

  set(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#bit = 8 * start;
    this.#end = 8 * end;
    this.isPast = false;
  }

  /** Offset of the byte that contains the next bit. */
  get byte(): number {
    return this.#bit >> 3;
  }

  /** Reads up to 31 bits, the most significant first. */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--) {
      if (this.#bit >= this.#end) this.isPast = true;
      const byte = this.isPast ? 0 : this.#bytes[this.#bit >> 3] ?? 0;
      value = value << 1 | (byte >> (7 - (this.#bit & 7)) & 1);
      this.#bit++;
    }
    return value;
  }

  skip(count: number): void {
    this.#bit += count;
    if (this.#bit > this.#end) this.isPast = true;
  }

  /** Reads a number in groups of seven bits, the least significant first (AV1 4.10.5). */
  leb128(): number {
    let value = 0;
    for (let at = 0; at < 8; at++) {
      const byte = this.bits(8);
      value += (byte & 127) * 2 ** (7 * at);
      if (byte < 128) break;
    }
    return value;
  }

  /** Reads a variable-length unsigned number (AV1 4.10.3). */
  uvlc(): number {
    let zeros = 0;
    while (!this.isPast && zeros < 32 && this.bits(1) === 0) zeros++;
    return zeros >= 32 ? 2 ** 32 - 1 : 2 ** zeros - 1 + (this.bits(zeros) >>> 0);
  }
}
