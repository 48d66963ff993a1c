import { checkedPixels, type PictureSize } from "./errors.ts";

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

/** What the inspectors of all codecs have in common: the size of the pictures, and its limit. */
export abstract class PictureInspector implements Inspector {
  pixels = 0;
  sizeChanges = 0;
  isFinelySliced = false;
  readonly #maxPixels: number;
  #width = 0;
  #height = 0;

  constructor(maxPixels: number) {
    this.#maxPixels = maxPixels;
  }

  abstract extradata(bytes: Uint8Array): void;
  abstract packet(bytes: Uint8Array, length: number): void;

  /** A header says how large pictures may be. @throws {BoundsError} `STREAM_TOO_LARGE` */
  protected checkSize(size: PictureSize): void {
    checkedPixels(size, this.#maxPixels);
  }

  /** A header says the size of the pictures that follow. @throws {BoundsError} as {@link checkSize} */
  protected takeSize(width: number, height: number): void {
    this.checkSize({ width, height });
    this.setSize(width, height);
  }

  /** Pictures have this size from now on. */
  protected setSize(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    if (this.pixels > 0) this.sizeChanges++;
    this.#width = width;
    this.#height = height;
    this.pixels = width * height;
  }
}
