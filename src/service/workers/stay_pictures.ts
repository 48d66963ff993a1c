/** The bytes of all pictures that are kept; beyond it the oldest are discarded. */
export const MAX_PICTURE_BYTES = 32 * 1024 * 1024;

/** The newest JPEG of each stay, within a bound of bytes. */
export class StayPictures {
  readonly #maxBytes: number;
  /** From the oldest to the newest. */
  readonly #jpegs = new Map<string, ArrayBuffer>();
  #bytes = 0;

  constructor(maxBytes = MAX_PICTURE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** The bytes of all that are kept. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a JPEG, which it owns from now on, in place of an earlier one of the stay. */
  set(stay: string, jpeg: ArrayBuffer): void {
    this.delete(stay);
    if (jpeg.byteLength > this.#maxBytes) return;
    this.#jpegs.set(stay, jpeg);
    this.#bytes += jpeg.byteLength;
    for (const oldest of this.#jpegs.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  get(stay: string): ArrayBuffer | null {
    return this.#jpegs.get(stay) ?? null;
  }

  delete(stay: string): void {
    this.#bytes -= this.#jpegs.get(stay)?.byteLength ?? 0;
    this.#jpegs.delete(stay);
  }
}
