/** The longest Exp-Golomb prefix of a 32-bit number. */
const MAX_GOLOMB_ZEROS = 31;

/**
 * Reads bits of an H.264 or H.265 NAL unit, without emulation prevention bytes (H.264 7.3.1, H.265 7.3.1.1).
 * Reusable: reading allocates nothing.
 */
export class BitReader {
  /** Bits beyond the end were read, as 0. */
  isPast = false;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #end = 0;
  #bit = 0;
  #zeros = 0;

  /** Starts at the first bit of byte `start`; `end` is the offset after the last byte. */
  set(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#bit = 0;
    this.#zeros = 0;
    this.isPast = false;
  }

  /** Remaining bytes, emulation prevention bytes included. */
  get bytesLeft(): number {
    return this.#end - this.#at;
  }

  bit(): number {
    if (this.#bit === 0) this.#skipEmulation();
    if (this.#at >= this.#end) {
      this.isPast = true;
      return 0;
    }
    const byte = this.#bytes[this.#at] ?? 0;
    const bit = byte >> (7 - this.#bit) & 1;
    this.#bit++;
    if (this.#bit === 8) {
      this.#bit = 0;
      this.#at++;
      this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    }
    return bit;
  }

  /** At most 31 bits, most significant first. */
  bits(count: number): number {
    let value = 0;
    for (let left = count; left > 0 && !this.isPast; left--) value = value << 1 | this.bit();
    return value;
  }

  /** An unsigned Exp-Golomb number, ue(v) (H.264 9.1). */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      if (this.isPast || ++zeros > MAX_GOLOMB_ZEROS) {
        this.isPast = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + (this.bits(zeros) >>> 0);
  }

  /** A signed Exp-Golomb number, se(v) (H.264 9.1.1). */
  se(): number {
    const code = this.ue();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  /** Skips the 03 of 00 00 03, which only prevents a start code. */
  #skipEmulation(): void {
    if (this.#zeros >= 2 && this.#bytes[this.#at] === 3 && this.#at < this.#end) {
      this.#at++;
      this.#zeros = 0;
    }
  }
}
