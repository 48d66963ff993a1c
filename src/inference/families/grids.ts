/** The grids of cells of a network, by which outputs of the same form are distinguished. */
import type { SizePx } from "../../core/geometry.ts";

/** The strides of a network's grids, in pixels of the input: the usual ones, and those of larger networks. */
const STRIDES: readonly (readonly number[])[] = [[8, 16, 32], [8, 16, 32, 64], [16, 32]];

/** Anchors for each cell where a network has them. */
const ANCHORS = 3;

/** The cells along one side of a grid. */
export function gridSide(px: number, stride: number): number {
  return Math.ceil(px / stride);
}

/** How many cells the grids with these strides have. */
export function gridCells({ width, height }: SizePx, strides: readonly number[]): number {
  return strides.reduce(
    (sum, stride) => sum + gridSide(width, stride) * gridSide(height, stride),
    0,
  );
}

/** Whether a network of an input of that size has so many boxes: one for each cell. */
export function isOneBoxPerCell(boxes: number | null, size: SizePx | null): boolean {
  return isPerCell(boxes, size, 1);
}

/** The same with three boxes for each cell, as of networks with anchors. */
export function isThreeBoxesPerCell(boxes: number | null, size: SizePx | null): boolean {
  return isPerCell(boxes, size, ANCHORS);
}

function isPerCell(boxes: number | null, size: SizePx | null, perCell: number): boolean {
  if (boxes === null || size === null) return false;
  return STRIDES.some((strides) => perCell * gridCells(size, strides) === boxes);
}

/** A cell of a grid. */
export interface GridCell {
  /** Its column and row. */
  readonly x: number;
  readonly y: number;
  readonly stride: number;
}

/** The cell with that number, of grids one after another, each row by row. */
export function gridCell(
  number: number,
  { width, height }: SizePx,
  strides: readonly number[],
): GridCell {
  let before = 0;
  for (const stride of strides) {
    const columns = gridSide(width, stride);
    const cells = columns * gridSide(height, stride);
    const within = number - before;
    if (within < cells) return { x: within % columns, y: Math.floor(within / columns), stride };
    before += cells;
  }
  return { x: Number.NaN, y: Number.NaN, stride: Number.NaN };
}
