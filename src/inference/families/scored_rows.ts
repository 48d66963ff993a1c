/** Models with one output that has a row or column for each box: it, perhaps an objectness, then scores or a class. */
import type { TensorPort } from "../graph/model_graph.ts";
import type { FamilyOutputs, OutputTensor } from "./family.ts";
import { at, cellScores, centreAt, columnOf, columnScores, cornersAt, labelled } from "./views.ts";

/** Values of a box. */
const BOX = 4;
/** Values of a row with a class: a box, score and class. */
export const LABELLED_WIDTH = 6;

/** How boxes are given: cx, cy, width, height; or x1, y1, x2, y2; or whichever of them suits the values. */
export type RowBoxes = "centres" | "corners" | "either";

/**
 * Reads an output `[1, N, 4 + C]` of rows, or `[1, N, 5 + C]` with an objectness.
 * @param width  of a row
 * @param form.boxes  default: centres
 * @param form.hasObjectness  it stands before the scores, which are multiplied by it; default: there is none
 * @param form.after  columns behind the scores that are not read; default: 0
 * @param form.areFractions  boxes are in fractions of the input; default: in pixels of it
 */
export function scoredRows(
  { name }: TensorPort,
  width: number,
  { boxes = "centres", hasObjectness = false, after = 0, areFractions = false }: {
    readonly boxes?: RowBoxes;
    readonly hasObjectness?: boolean;
    readonly after?: number;
    readonly areFractions?: boolean;
  } = {},
): FamilyOutputs {
  const before = hasObjectness ? BOX + 1 : BOX;
  const objectness = hasObjectness ? BOX : null;
  return {
    used: [{ name, columns: { axis: 2, before, after } }],
    classes: width - before - after,
    view([output], input) {
      const [, cells = 0, found = 0] = output?.dims ?? [];
      if (output === undefined || found <= before + after) return null;
      const scale = areFractions ? input : undefined;
      const boxAt = boxes === "corners" || boxes === "either" && areCorners(output)
        ? cornersAt
        : centreAt;
      return {
        cells,
        scores: cellScores(output, { before, after, objectness }),
        box: (cell) => boxAt(output, cell * found, scale),
      };
    },
  };
}

/**
 * Reads an output `[1, 4 + C, N]` of columns.
 * @param height  of a column
 * @param form.boxes  default: centres
 */
export function scoredColumns(
  { name }: TensorPort,
  height: number,
  { boxes = "centres" }: { readonly boxes?: Exclude<RowBoxes, "either"> } = {},
): FamilyOutputs {
  const boxAt = boxes === "corners" ? cornersAt : centreAt;
  return {
    used: [{ name, columns: { axis: 1, before: BOX, after: 0 } }],
    classes: height - BOX,
    view([output]) {
      const [, rows = 0, cells = 0] = output?.dims ?? [];
      if (output === undefined || rows <= BOX) return null;
      return {
        cells,
        scores: columnScores(output, BOX),
        box: (cell) => boxAt(output, cell, undefined, cells),
      };
    },
  };
}

/**
 * Reads an output `[1, N, 6]` of rows: box, score, class.
 * @param form.areFractions  boxes are in fractions of the input; default: in pixels of it
 */
export function labelledRows(
  { name }: TensorPort,
  { boxes, areFractions = false }: {
    readonly boxes: Exclude<RowBoxes, "either">;
    readonly areFractions?: boolean;
  },
): FamilyOutputs {
  const boxAt = boxes === "corners" ? cornersAt : centreAt;
  return {
    used: [{ name }],
    classes: null,
    view([output], input) {
      const [, cells = 0, width] = output?.dims ?? [];
      if (output === undefined || width !== LABELLED_WIDTH) return null;
      const scale = areFractions ? input : undefined;
      return {
        cells,
        scores: labelled(columnOf(output, BOX), columnOf(output, BOX + 1)),
        box: (cell) => boxAt(output, cell * LABELLED_WIDTH, scale),
      };
    },
  };
}

/** Whether each box has its second corner behind the first; those at the right have no width above their cx. */
function areCorners(output: OutputTensor): boolean {
  const [, cells = 0, width = 0] = output.dims;
  for (let start = 0; start < cells * width; start += width) {
    if (!(at(output, start + 2) >= at(output, start))) return false;
    if (!(at(output, start + 3) >= at(output, start + 1))) return false;
  }
  return cells > 0;
}
