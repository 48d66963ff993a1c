/** The decoding order of an H.265 picture's blocks: by rows, or by tiles (6.5.1). */
import type { BitReader } from "../../rtsp/bitstream/bit_reader.ts";
import type { H265Sps } from "../../rtsp/bitstream/sps.ts";
import { MAX_TILE_COLUMNS, MAX_TILE_ROWS } from "./limits.ts";

/** The fields of an H.265 picture parameter set that bounds depend on. */
export interface H265Pps {
  /** pps_pic_parameter_set_id. */
  readonly id: number;
  /** pps_seq_parameter_set_id. */
  readonly sequenceSet: number;
  /** dependent_slice_segments_enabled_flag. */
  readonly hasDependent: boolean;
  /** null: no tiles. */
  readonly tiles: Tiles | null;
}

interface Tiles {
  readonly columns: number;
  readonly rows: number;
  /** Of all columns but the last, in blocks; null: uniform spacing. */
  readonly widths: readonly number[] | null;
  readonly heights: readonly number[] | null;
}

/**
 * Reads an H.265 picture parameter set (7.3.2.3.1), from the byte after the NAL unit's header.
 * @returns null when it is truncated or invalid
 */
export function readH265Pps(reader: BitReader): H265Pps | null {
  const id = reader.ue();
  const sequenceSet = reader.ue();
  const hasDependent = reader.bit() === 1;
  // output_flag_present, num_extra_slice_header_bits, sign_data_hiding, cabac_init_present.
  reader.bits(1 + 3 + 1 + 1);
  reader.ue();
  reader.ue();
  reader.se();
  // constrained_intra_pred, transform_skip.
  reader.bits(2);
  if (reader.bit() === 1) reader.ue();
  reader.se();
  reader.se();
  // slice_chroma_qp_offsets_present, weighted_pred, weighted_bipred, transquant_bypass.
  reader.bits(4);
  const hasTiles = reader.bit() === 1;
  reader.bit();
  const tiles = hasTiles ? readTiles(reader) : null;
  if (reader.isPast || (hasTiles && tiles === null)) return null;
  return { id, sequenceSet, hasDependent, tiles };
}

function readTiles(reader: BitReader): Tiles | null {
  const columns = reader.ue() + 1;
  const rows = reader.ue() + 1;
  if (columns > MAX_TILE_COLUMNS || rows > MAX_TILE_ROWS) return null;
  if (reader.bit() === 1) return { columns, rows, widths: null, heights: null };
  const sizes = (count: number) => Array.from({ length: count - 1 }, () => reader.ue() + 1);
  return { columns, rows, widths: sizes(columns), heights: sizes(rows) };
}

/** Maps block addresses to decoding order. Allocates only when the parameter sets change. */
export class TileOrder {
  /** Bits of a block address in slice headers. */
  addressBits = 0;
  #sequence: H265Sps | null = null;
  #picture: H265Pps | null = null;
  #width = 0;
  /** Start of each tile column and row in blocks, and the end of the last. */
  #columns: readonly number[] = [];
  #rows: readonly number[] = [];

  use(sequence: H265Sps, picture: H265Pps): void {
    if (sequence === this.#sequence && picture === this.#picture) return;
    this.#sequence = sequence;
    this.#picture = picture;
    this.#width = Math.ceil(sequence.width / sequence.blockPx);
    const height = Math.ceil(sequence.height / sequence.blockPx);
    this.addressBits = Math.ceil(Math.log2(this.#width * height));
    const { tiles } = picture;
    this.#columns = tiles === null ? [] : edges(tiles.columns, this.#width, tiles.widths);
    this.#rows = tiles === null ? [] : edges(tiles.rows, height, tiles.heights);
  }

  /** Position of a block in decoding order, by its address in raster order. */
  placeOf(address: number): number {
    const columns = this.#columns;
    if (columns.length === 0) return address;
    const x = address % this.#width;
    const y = Math.floor(address / this.#width);
    const column = tileOf(columns, x);
    const row = tileOf(this.#rows, y);
    const left = columns[column] ?? 0;
    const width = (columns[column + 1] ?? this.#width) - left;
    const top = this.#rows[row] ?? 0;
    const height = (this.#rows[row + 1] ?? y + 1) - top;
    return this.#width * top + height * left + (y - top) * width + (x - left);
  }
}

/** Index of the tile that contains a block. */
function tileOf(starts: readonly number[], at: number): number {
  let tile = 0;
  while (tile + 2 < starts.length && at >= (starts[tile + 1] ?? Infinity)) tile++;
  return tile;
}

function edges(count: number, blocks: number, sizes: readonly number[] | null): number[] {
  const starts = [0];
  for (let tile = 1; tile < count; tile++) {
    const before = starts[tile - 1] ?? 0;
    // Uniformly spaced tiles end at these blocks (6-3, 6-4).
    starts.push(
      sizes === null ? Math.floor(tile * blocks / count) : before + (sizes[tile - 1] ?? 1),
    );
  }
  starts.push(blocks);
  return starts;
}
