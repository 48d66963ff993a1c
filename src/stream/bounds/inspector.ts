/** What looks at packets before a decoder gets them. */
export interface Inspector {
  /** Pixels of a picture as coded; 0 while no header has said it. */
  readonly pixels: number;
  /** How often the size of pictures has changed. */
  readonly sizeChanges: number;
  /** The last packet's picture is cut into more slices than its bytes give a reason for. */
  readonly isFinelySliced: boolean;
  /**
   * Parameter sets that come outside of packets.
   * @throws {BoundsError}
   */
  extradata(bytes: Uint8Array): void;
  /**
   * A packet on its way to the decoder: the first `length` bytes.
   * @throws {BoundsError} it must not be decoded
   * @throws {UnusablePacket} it cannot be decoded
   */
  packet(bytes: Uint8Array, length: number): void;
}

/** The size of the pictures as it changes. */
export class SizeHistory {
  pixels = 0;
  changes = 0;
  #width = 0;
  #height = 0;

  set(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    if (this.pixels > 0) this.changes++;
    this.#width = width;
    this.#height = height;
    this.pixels = width * height;
  }
}
