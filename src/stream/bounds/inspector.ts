import { checkedPixels, type PictureSize } from "./errors.ts";

/** Inspects packets before they are sent to a decoder. */
export interface Inspector {
  /** Coded pixels of a picture; 0 before the first header. */
  readonly pixels: number;
  /** Number of picture size changes. */
  readonly sizeChanges: number;
  /** Whether the last picture has more slices than its size in bytes justifies. */
  readonly isFinelySliced: boolean;
  /**
   * Inspects out-of-band parameter sets.
   * @throws {BoundsError} when they exceed the bounds
   */
  extradata(bytes: Uint8Array): void;
  /**
   * Inspects a packet: the first `length` bytes.
   * @throws {BoundsError} when it exceeds the bounds
   * @throws {UnusablePacket} when it cannot be decoded
   */
  packet(bytes: Uint8Array, length: number): void;
}

/** Base of all inspectors: tracks the picture size, and checks its limit. */
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

  /** Checks a size announced by a header. @throws {BoundsError} `STREAM_TOO_LARGE` */
  protected checkSize(size: PictureSize): void {
    checkedPixels(size, this.#maxPixels);
  }

  /** Checks and sets the size of the following pictures. @throws {BoundsError} as {@link checkSize} */
  protected applySize(width: number, height: number): void {
    this.checkSize({ width, height });
    this.setSize(width, height);
  }

  /** Sets the size of the following pictures. */
  protected setSize(width: number, height: number): void {
    if (width === this.#width && height === this.#height) return;
    if (this.pixels > 0) this.sizeChanges++;
    this.#width = width;
    this.#height = height;
    this.pixels = width * height;
  }
}
