/** Models with an output of boxes and one of scores, by any names: the bundled ones, YOLO-NAS. */
import type { TensorPort } from "../graph/model_graph.ts";
import { type Family, type FamilyOutputs, type ModelFacts, PLAIN } from "./family.ts";
import { ANY, cellScores, columnScores, cornersAt, isFloat, named } from "./views.ts";

/** Values of a box. */
const BOX = 4;

/** Outputs `[1, N, 4]` of x1, y1, x2, y2 in pixels and `[1, N, C]`, or `[1, C, N]`, of scores. */
export const BOXES_SCORES: Family = {
  name: "boxes-scores",
  title: "boxes and scores",
  preprocess: PLAIN,
  overlaps: true,
  match: (facts) => boxesAndScores(facts),
};

/** Finds those outputs, by their sizes or the name of the boxes. */
export function boxesAndScores(facts: ModelFacts): FamilyOutputs | null {
  const boxes = named(facts, "boxes") ??
    facts.outputs.find((port) => isFloat(port, [1, ANY, BOX]));
  const scores = facts.outputs.find((port) => port !== boxes);
  if (boxes === undefined || scores === undefined || facts.outputs.length > 2) return null;
  if (!facts.isChosen && scores.name.includes("logits")) return null;
  if (!isFloat(boxes, [1, ANY, BOX]) || !isFloat(scores, [1, ANY, ANY])) return null;
  const [, cells = null] = boxes.dims;
  const [, second = null, third = null] = scores.dims;
  // Where both sizes could be the number of cells, the classes come last.
  const isByCell = third !== null && (cells === null || second === null || second === cells);
  if (isByCell) return pair(boxes, scores, { classes: third, axis: 2 });
  return second !== null && third === cells && cells !== null
    ? pair(boxes, scores, { classes: second, axis: 1 })
    : null;
}

/** @param layout.axis  that of the classes in the scores */
function pair(
  boxes: TensorPort,
  scores: TensorPort,
  { classes, axis }: { readonly classes: number; readonly axis: 1 | 2 },
): FamilyOutputs {
  return {
    used: [{ name: boxes.name }, { name: scores.name, columns: { axis, before: 0, after: 0 } }],
    classes,
    view([sides, probabilities]) {
      const [, count = 0, width] = sides?.dims ?? [];
      if (sides === undefined || probabilities === undefined || width !== BOX) return null;
      if (probabilities.dims[3 - axis] !== count) return null;
      return {
        cells: count,
        scores: axis === 2 ? cellScores(probabilities) : columnScores(probabilities),
        box: (cell) => cornersAt(sides, cell * BOX),
      };
    },
  };
}
