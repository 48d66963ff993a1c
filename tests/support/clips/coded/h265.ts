/** Writes the headers of H.265: enough for inspection, not for decoding. */
import { BitWriter, escaped } from "../../cameras/rtp/nals.ts";

export interface H265SpsOptions {
  readonly id?: number;
  readonly width: number;
  readonly height: number;
  /** Luma samples that are cropped at the right and at the bottom; even. */
  readonly crop?: { readonly right: number; readonly bottom: number };
  /** Number of reference pictures. */
  readonly pictures?: number;
  /** 3: blocks of 8 samples, 6: of 64. */
  readonly log2Block?: number;
  readonly subLayers?: number;
}

export function h265Sps(options: H265SpsOptions): number[] {
  const { id = 0, width, height, crop, pictures = 1, log2Block = 6, subLayers = 0 } = options;
  const bits = new BitWriter().bits(0, 4).bits(subLayers, 3).bits(1, 1);
  bits.bits(1, 8).bits(0, 32).bits(0, 32).bits(0, 16).bits(93, 8);
  // No sub-layer has its own profile or level.
  if (subLayers > 0) bits.bits(0, 16);
  bits.ue(id).ue(1).ue(width).ue(height).bits(crop === undefined ? 0 : 1, 1);
  if (crop !== undefined) bits.ue(0).ue(crop.right / 2).ue(0).ue(crop.bottom / 2);
  bits.ue(0).ue(0).ue(4).bits(0, 1).ue(pictures - 1).ue(0).ue(0).ue(0).ue(log2Block - 3);
  return [33 << 1, 1, ...escaped(bits.bits(0, 16).ended())];
}

export interface H265PpsOptions {
  readonly id?: number;
  readonly sequenceSet?: number;
  readonly hasDependent?: boolean;
  /** Columns and rows, or the sizes of all but the last, in blocks. */
  readonly tiles?: {
    readonly columns: number | readonly number[];
    readonly rows: number | readonly number[];
  };
}

export function h265Pps(options: H265PpsOptions = {}): number[] {
  const { id = 0, sequenceSet = 0, hasDependent = false, tiles } = options;
  const bits = new BitWriter().ue(id).ue(sequenceSet).bits(hasDependent ? 1 : 0, 1).bits(0, 6);
  bits.ue(0).ue(0).se(0).bits(0, 2).bits(0, 1).se(0).se(0).bits(0, 4);
  bits.bits(tiles === undefined ? 0 : 1, 1).bits(0, 1);
  if (tiles !== undefined) {
    const { columns, rows } = tiles;
    bits.ue(countOf(columns) - 1).ue(countOf(rows) - 1);
    const isUniform = typeof columns === "number" && typeof rows === "number";
    bits.bits(isUniform ? 1 : 0, 1);
    for (const sizes of [columns, rows]) {
      if (typeof sizes !== "number") { for (const size of sizes) bits.ue(size - 1); }
    }
  }
  return [34 << 1, 1, ...escaped(bits.bits(0, 16).ended())];
}

function countOf(sizes: number | readonly number[]): number {
  return typeof sizes === "number" ? sizes : sizes.length + 1;
}

export interface H265SegmentOptions {
  /** Default 1, TRAIL_R; 19: IDR. */
  readonly type?: number;
  readonly pictureSet?: number;
  /** Absent: the picture's first. */
  readonly address?: number;
  /** Bits of a block address. */
  readonly addressBits?: number;
  /** A dependent segment, where the picture parameter set allows them. */
  readonly dependent?: boolean;
  readonly layer?: number;
}

/** A slice segment header, followed by noise. */
export function h265Segment(options: H265SegmentOptions = {}): number[] {
  const { type = 1, pictureSet = 0, address, addressBits = 0, dependent, layer = 0 } = options;
  const bits = new BitWriter().bits(address === undefined ? 1 : 0, 1);
  if (type >= 16 && type <= 23) bits.bits(0, 1);
  bits.ue(pictureSet);
  if (address !== undefined) {
    if (dependent !== undefined) bits.bits(dependent ? 1 : 0, 1);
    bits.bits(address, addressBits);
  }
  return [type << 1 | layer >> 5, (layer & 31) << 3 | 1, ...escaped(bits.bits(0x5a5a, 16).ended())];
}
