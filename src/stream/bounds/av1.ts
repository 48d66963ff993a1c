/** Bounds on AV1: the largest frame that a sequence header allows, and the frames of a temporal unit. */
import { pictureRefused } from "./errors.ts";
import { PictureInspector } from "./inspector.ts";
import { MAX_AV1_FRAMES, MAX_AV1_UNITS } from "./limits.ts";
import { PlainBits } from "./plain_bits.ts";

/** obu_type (AV1 6.2.2). */
const SEQUENCE_HEADER = 1;
const FRAME_HEADER = 3;
const FRAME = 6;
/** First byte of an `AV1CodecConfigurationRecord`: a marker bit and version 1. */
const RECORD = 0x81;
const RECORD_BYTES = 4;

/** Inspects AV1 temporal units, whose OBUs have sizes. */
export class Av1Inspector extends PictureInspector {
  readonly #bits = new PlainBits();

  extradata(bytes: Uint8Array): void {
    this.#units(bytes, bytes[0] === RECORD ? RECORD_BYTES : 0, bytes.length);
  }

  packet(bytes: Uint8Array, length: number): void {
    this.#units(bytes, 0, length);
  }

  #units(bytes: Uint8Array, start: number, length: number): void {
    const bits = this.#bits;
    let frames = 0;
    let units = 0;
    for (let at = start; at < length;) {
      if (++units > MAX_AV1_UNITS) throw pictureRefused(`more than ${MAX_AV1_UNITS} OBUs`);
      bits.set(bytes, at, length);
      const header = bits.bits(8);
      const type = header >> 3 & 15;
      if ((header & 4) !== 0) bits.skip(8);
      const rest = bits.byte;
      const sizeBytes = (header & 2) === 0 ? length - rest : bits.leb128();
      const end = bits.byte + sizeBytes;
      if (type === SEQUENCE_HEADER) this.#sequence(bytes, bits.byte, Math.min(end, length));
      if (type === FRAME || type === FRAME_HEADER) frames++;
      if (frames > MAX_AV1_FRAMES) throw pictureRefused(`more than ${MAX_AV1_FRAMES} frames`);
      if (bits.isPast) return;
      at = end;
    }
  }

  /** Reads a sequence header up to the frame size (5.5.1). */
  #sequence(bytes: Uint8Array, start: number, end: number): void {
    const bits = this.#bits;
    bits.set(bytes, start, end);
    // seq_profile, still_picture.
    bits.skip(3 + 1);
    if (bits.bits(1) === 1) bits.skip(5);
    else this.#operatingPoints();
    const widthBits = bits.bits(4) + 1;
    const heightBits = bits.bits(4) + 1;
    const width = bits.bits(widthBits) + 1;
    const height = bits.bits(heightBits) + 1;
    if (bits.isPast) return;
    this.applySize(width, height);
  }

  #operatingPoints(): void {
    const bits = this.#bits;
    let hasModel = false;
    let delayBits = 0;
    const hasTiming = bits.bits(1) === 1;
    if (hasTiming) {
      bits.skip(32 + 32);
      if (bits.bits(1) === 1) bits.uvlc();
      hasModel = bits.bits(1) === 1;
      if (hasModel) {
        delayBits = bits.bits(5) + 1;
        bits.skip(32 + 5 + 5);
      }
    }
    const hasDelay = bits.bits(1) === 1;
    for (let points = bits.bits(5) + 1; points > 0; points--) {
      bits.skip(12);
      if (bits.bits(5) > 7) bits.skip(1);
      if (hasModel && bits.bits(1) === 1) bits.skip(2 * delayBits + 1);
      if (hasDelay && bits.bits(1) === 1) bits.skip(4);
    }
  }
}
