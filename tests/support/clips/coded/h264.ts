/** Writes H.264: grey pictures of any size with any slices, which libav decodes. */
import { BitWriter, escaped } from "../../cameras/rtp/nals.ts";

export interface SpsOptions {
  readonly id?: number;
  readonly width: number;
  readonly height: number;
  /** Luma samples that are cropped at the right and at the bottom; even. */
  readonly crop?: { readonly right: number; readonly bottom: number };
  /** Number of reference pictures. */
  readonly pictures?: number;
  readonly hasFields?: boolean;
}

/** A sequence parameter set of the Baseline profile, or of the Main profile with fields. */
export function sps(options: SpsOptions): number[] {
  const { id = 0, width, height, crop, pictures = 1, hasFields = false } = options;
  const bits = new BitWriter().bits(hasFields ? 77 : 66, 8).bits(0, 8).bits(62, 8);
  bits.ue(id).ue(0).ue(2).ue(pictures).bits(0, 1);
  bits.ue(Math.ceil(width / 16) - 1).ue(Math.ceil(height / (hasFields ? 32 : 16)) - 1);
  bits.bits(hasFields ? 0 : 1, 1);
  if (hasFields) bits.bits(0, 1);
  bits.bits(1, 1).bits(crop === undefined ? 0 : 1, 1);
  if (crop !== undefined) {
    bits.ue(0).ue(crop.right / 2).ue(0).ue(crop.bottom / (hasFields ? 4 : 2));
  }
  return [0x67, ...escaped(bits.bits(0, 1).ended())];
}

/** A picture parameter set with CAVLC. */
export function pps(id = 0, sequenceSet = 0): number[] {
  const bits = new BitWriter().ue(id).ue(sequenceSet).bits(0, 2).ue(0).ue(0).ue(0).bits(0, 3);
  bits.se(0).se(0).se(0).bits(0b100, 3);
  return [0x68, ...escaped(bits.ended())];
}

export interface SliceOptions {
  readonly firstBlock?: number;
  readonly pictureSet?: number;
  readonly frameNum?: number;
  readonly field?: "top" | "bottom";
  /** The slice data: see {@link greyBlocks} and {@link skippedBlocks}. */
  readonly data?: (bits: BitWriter) => void;
}

/** A slice of an IDR picture. */
export function idrSlice(options: SliceOptions = {}): number[] {
  const bits = header(options, 7).ue(0).bits(0, 2);
  return [0x65, ...ended(bits, options)];
}

/** A slice of a picture that refers to the previous one. */
export function interSlice(options: SliceOptions = {}): number[] {
  const bits = header(options, 5).bits(0, 3);
  return [0x61, ...ended(bits, options)];
}

function header(options: SliceOptions, type: number): BitWriter {
  const { firstBlock = 0, pictureSet = 0, frameNum = 0, field } = options;
  const bits = new BitWriter().ue(firstBlock).ue(type).ue(pictureSet).bits(frameNum & 15, 4);
  if (field !== undefined) bits.bits(1, 1).bits(field === "bottom" ? 1 : 0, 1);
  return bits;
}

function ended(bits: BitWriter, { data }: SliceOptions): number[] {
  // slice_qp_delta, and no deblocking.
  bits.se(0).ue(1);
  data?.(bits);
  return escaped(bits.ended());
}

/** Grey macroblocks, each predicted from its neighbours. */
export function greyBlocks(count: number): (bits: BitWriter) => void {
  return (bits) => {
    for (let block = 0; block < count; block++) bits.bits(0x27, 8);
  };
}

/** Skipped macroblocks, copied from the previous picture: a few bits for any number. */
export function skippedBlocks(count: number): (bits: BitWriter) => void {
  return (bits) => void bits.ue(count);
}

/** NAL units with start codes. */
export function annexB(
  ...units: readonly (readonly number[] | Uint8Array)[]
): Uint8Array<ArrayBuffer> {
  const sizes = units.reduce((sum, unit) => sum + unit.length + 4, 0);
  const bytes = new Uint8Array(sizes);
  let at = 0;
  for (const unit of units) {
    bytes.set([0, 0, 0, 1], at);
    bytes.set(unit, at + 4);
    at += unit.length + 4;
  }
  return bytes;
}
