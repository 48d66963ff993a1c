/** Bits of what has no emulation prevention: MPEG-4 part 2, VP9, AV1. Reading allocates nothing. */
export class PlainBits {
  /** More was read than there is: what was read beyond the end is 0 and means nothing. */
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

  /** The byte that the next bit is in. */
  get byte(): number {
    return this.#bit >> 3;
  }

  /** At most 31 bits, most significant first. */
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

  /** A number in groups of seven bits, the least significant first: leb128 (AV1 4.10.5). */
  leb128(): number {
    let value = 0;
    for (let at = 0; at < 8; at++) {
      const byte = this.bits(8);
      value += (byte & 127) * 2 ** (7 * at);
      if (byte < 128) break;
    }
    return value;
  }

  /** A number behind as many zeros as it has bits: uvlc (AV1 4.10.3). */
  uvlc(): number {
    let zeros = 0;
    while (!this.isPast && zeros < 32 && this.bits(1) === 0) zeros++;
    return zeros >= 32 ? 2 ** 32 - 1 : 2 ** zeros - 1 + (this.bits(zeros) >>> 0);
  }
}
