/** Models with an output of boxes and one of scores, by any names: the bundled ones, DAMO-YOLO, YOLO-NAS. */
import { type Family, PLAIN } from "./family.ts";
import { ANY, cellScores, cornersAt, isFloat, named } from "./views.ts";

/** Values of a box. */
const BOX = 4;

/** Outputs `[1, N, 4]` of x1, y1, x2, y2 in pixels and `[1, N, C]` of scores. */
export const BOXES_SCORES: Family = {
  name: "boxes-scores",
  title: "boxes and scores",
  preprocess: PLAIN,
  overlaps: true,
  match(facts) {
    const boxes = named(facts, "boxes") ??
      facts.outputs.find((port) => isFloat(port, [1, ANY, BOX]));
    const scores = facts.outputs.find((port) => port !== boxes);
    const classes = scores?.dims[2] ?? null;
    if (boxes === undefined || scores === undefined || facts.outputs.length > 2) return null;
    if (classes === null || !isFloat(boxes, [1, ANY, BOX])) return null;
    if (!isFloat(scores, [1, ANY, classes])) return null;
    const [, cells = null] = boxes.dims;
    const [, scored = null] = scores.dims;
    if (cells !== null && scored !== null && cells !== scored) return null;
    return {
      used: [{ name: boxes.name }, {
        name: scores.name,
        columns: { axis: 2, before: 0, after: 0 },
      }],
      classes,
      view([sides, probabilities]) {
        const [, count = 0, width] = sides?.dims ?? [];
        if (sides === undefined || probabilities === undefined || width !== BOX) return null;
        if (probabilities.dims[1] !== count) return null;
        return {
          cells: count,
          scores: cellScores(probabilities),
          box: (cell) => cornersAt(sides, cell * BOX),
        };
      },
    };
  },
};
