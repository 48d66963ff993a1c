/** Bounds on VP8 and VP9: the size of keyframes. libav checks that of other frames. */
import { PictureInspector } from "./inspector.ts";
import { PlainBits } from "./plain_bits.ts";

/** Base of both inspectors. */
abstract class VpxInspector extends PictureInspector {
  extradata(): void {
    // Contains no frame size.
  }
}

/** Inspects VP8 frames (RFC 6386 9.1). */
export class Vp8Inspector extends VpxInspector {
  packet(bytes: Uint8Array, length: number): void {
    const isKey = ((bytes[0] ?? 1) & 1) === 0;
    if (!isKey || length < 10) return;
    // 14 bits each; the upper two are the scaling.
    this.applySize(side(bytes, 6), side(bytes, 8));
  }
}

function side(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 1] ?? 0) << 8 | (bytes[at] ?? 0)) & 0x3fff;
}

const VP9_FRAME = 2;
const VP9_SYNC = 0x498342;
const VP9_SRGB = 7;

/** Inspects VP9 frames (VP9 bitstream specification, 6.2). */
export class Vp9Inspector extends VpxInspector {
  readonly #bits = new PlainBits();

  packet(bytes: Uint8Array, length: number): void {
    const bits = this.#bits;
    bits.set(bytes, 0, length);
    if (bits.bits(2) !== VP9_FRAME) return;
    const profile = bits.bits(1) + 2 * bits.bits(1);
    if (profile === 3) bits.skip(1);
    const isShownAgain = bits.bits(1) === 1;
    const isKey = bits.bits(1) === 0;
    if (isShownAgain || !isKey) return;
    // show_frame, error_resilient_mode.
    bits.skip(2);
    if (bits.bits(24) !== VP9_SYNC) return;
    if (profile >= 2) bits.skip(1);
    const isOdd = profile === 1 || profile === 3;
    if (bits.bits(3) === VP9_SRGB) bits.skip(isOdd ? 1 : 0);
    else bits.skip(isOdd ? 1 + 3 : 1);
    const width = bits.bits(16) + 1;
    const height = bits.bits(16) + 1;
    if (!bits.isPast) this.applySize(width, height);
  }
}
