import type { Corners } from "../core/geometry.ts";

/**
 * A model's output for one frame: N cells, each with a box and scores. It is a view of the output tensors:
 * scores are read in place, and a box is computed when it is asked for.
 */
export interface RawDetections {
  readonly cells: number;
  readonly scores: ClassScores | LabelledScores;
  /** The box of a cell, in pixels of the network input. */
  readonly box: (cell: number) => Corners;
}

/** One score for each cell and column: that of column c of cell i is at `offset + i cellStride + c columnStride`. */
export interface ClassScores {
  readonly kind: "classes";
  readonly columns: number;
  readonly data: Float32Array;
  readonly offset: number;
  readonly cellStride: number;
  readonly columnStride: number;
  /** Scores are multiplied by the value at `objectness + i cellStride`; null: they are not. */
  readonly objectness: number | null;
  /** The scores are logits: the sigmoid makes probabilities of them. */
  readonly areLogits: boolean;
}

/** One score and the number of a class for each cell. */
export interface LabelledScores {
  readonly kind: "labelled";
  readonly scores: Column;
  readonly labels: Column;
}

/** A value for each cell: that of cell i is at `offset + i stride`. */
export interface Column {
  readonly data: Float32Array;
  readonly offset: number;
  readonly stride: number;
}

/** What rounding may add to a confidence of 1, as in half precision. */
export const MAX_SCORE = 1.001;

/** The highest score of a frame; of logits and without cells 0. */
export function highestScore({ cells, scores }: RawDetections): number {
  let highest = 0;
  for (let cell = 0; cell < cells; cell++) {
    if (scores.kind === "labelled") {
      highest = Math.max(highest, valueOf(scores.scores, cell));
    } else if (!scores.areLogits) {
      const { data, offset, cellStride, columnStride, columns, objectness } = scores;
      const start = cell * cellStride;
      const factor = objectness === null ? 1 : data[objectness + start] ?? 0;
      for (let column = 0; column < columns; column++) {
        highest = Math.max(highest, factor * (data[offset + start + column * columnStride] ?? 0));
      }
    }
  }
  return highest;
}

/** The value of a cell. */
export function valueOf({ data, offset, stride }: Column, cell: number): number {
  return data[offset + cell * stride] ?? 0;
}
