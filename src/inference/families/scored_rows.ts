/** Models with one output that has a row for each cell: its box, perhaps an objectness, then its scores. */
import type { TensorPort } from "../graph/model_graph.ts";
import type { FamilyOutputs } from "./family.ts";
import { cellScores, centreAt } from "./views.ts";

/** Values of a box: cx, cy, width, height. */
const BOX = 4;

/**
 * Reads an output `[1, N, 4 + C]` of rows, or `[1, N, 5 + C]` with an objectness.
 * @param width  of a row
 * @param form.hasObjectness  it stands before the scores, which are multiplied by it; default: there is none
 * @param form.after  columns behind the scores that are not read; default: 0
 * @param form.areFractions  boxes are in fractions of the input; default: in pixels of it
 */
export function scoredRows(
  { name }: TensorPort,
  width: number,
  { hasObjectness = false, after = 0, areFractions = false }: {
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
      return {
        cells,
        scores: cellScores(output, { before, after, objectness }),
        box: (cell) => centreAt(output, cell * found, scale),
      };
    },
  };
}
