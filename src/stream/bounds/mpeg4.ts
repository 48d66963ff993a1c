/** Bounds on MPEG-4 part 2: the picture size, from video object layers (ISO/IEC 14496-2 6.2.3). */
import { findStartCode, START_CODE_BYTES } from "../../rtsp/bitstream/start_codes.ts";
import { pictureRefused } from "./errors.ts";
import { PictureInspector } from "./inspector.ts";
import { MAX_MPEG4_PICTURES } from "./limits.ts";
import { PlainBits } from "./plain_bits.ts";

/** Values of start codes (table 6-3). */
const FIRST_LAYER = 0x20;
const LAST_LAYER = 0x2f;
const PICTURE = 0xb6;

const EXTENDED_ASPECT = 15;
const RECTANGULAR = 0;
const GREYSCALE = 3;
/** Bits of the VBV parameters, with their markers. */
const VBV_BITS = 79;

/** Inspects MPEG-4 packets. */
export class Mpeg4Inspector extends PictureInspector {
  readonly #bits = new PlainBits();

  extradata(bytes: Uint8Array): void {
    this.packet(bytes, bytes.length);
  }

  packet(bytes: Uint8Array, length: number): void {
    let pictures = 0;
    for (let at = findStartCode(bytes, 0, length); at >= 0;) {
      const start = at + START_CODE_BYTES;
      const code = bytes[start] ?? 0;
      if (code >= FIRST_LAYER && code <= LAST_LAYER) this.#layer(bytes, start + 1, length);
      if (code === PICTURE && ++pictures > MAX_MPEG4_PICTURES) {
        throw pictureRefused(`more than ${MAX_MPEG4_PICTURES} pictures in one packet`);
      }
      at = findStartCode(bytes, start, length);
    }
  }

  #layer(bytes: Uint8Array, start: number, end: number): void {
    const bits = this.#bits;
    bits.set(bytes, start, end);
    bits.skip(1 + 8);
    const version = bits.bits(1) === 1 ? bits.bits(4 + 3) >> 3 : 1;
    if (bits.bits(4) === EXTENDED_ASPECT) bits.skip(8 + 8);
    if (bits.bits(1) === 1) {
      bits.skip(2 + 1);
      if (bits.bits(1) === 1) bits.skip(VBV_BITS);
    }
    const shape = bits.bits(2);
    if (shape === GREYSCALE && version !== 1) bits.skip(4);
    bits.skip(1);
    const resolution = bits.bits(16);
    bits.skip(1);
    if (bits.bits(1) === 1) bits.skip(Math.max(1, 32 - Math.clz32(Math.max(0, resolution - 1))));
    if (shape !== RECTANGULAR) return;
    bits.skip(1);
    const width = bits.bits(13);
    bits.skip(1);
    const height = bits.bits(13);
    if (bits.isPast || width === 0 || height === 0) return;
    this.applySize(width, height);
  }
}
