/** RT-DETR as Ultralytics exports it. */
import { SQUEEZED } from "./detr.ts";
import type { Family, ModelFacts } from "./family.ts";
import { isOneBoxPerCell } from "./grids.ts";
import { LABELLED_WIDTH, labelledRows, scoredRows } from "./scored_rows.ts";
import { ANY, onlyFloat } from "./views.ts";

/** Values of a box: cx, cy, width, height in fractions. */
const BOX = 4;
/** More queries than a network has. */
const MAX_QUERIES = 1000;
/** The last layer, which newer exporters note in the file. */
const HEAD = "RTDETRDecoder";

/** One output `[1, Q, 6]`: box, score, class; or `[1, Q, 4 + C]`: box, scores. */
export const RT_DETR: Family = {
  name: "rt-detr",
  title: "RT-DETR of Ultralytics",
  preprocess: SQUEEZED,
  overlaps: false,
  match(facts) {
    const { isChosen, names } = facts;
    const port = onlyFloat(facts, [1, ANY, ANY]);
    const [, queries = null, width = null] = port?.dims ?? [];
    if (port === undefined || width === null || width <= BOX) return null;
    if (!isChosen && !isOwn(queries, width, facts)) return null;
    return width === LABELLED_WIDTH && names?.size !== LABELLED_WIDTH - BOX
      ? labelledRows(port, { boxes: "centres", areFractions: true })
      : scoredRows(port, width, { areFractions: true });
  },
};

function isOwn(queries: number | null, width: number, facts: ModelFacts): boolean {
  const { metadata, names, size } = facts;
  if (metadata.get("head") === HEAD) return true;
  // Two classes have the width of YOLO with suppression in the graph.
  if (width === LABELLED_WIDTH || queries === null) return false;
  if (queries > MAX_QUERIES || queries < width) return false;
  return !isOneBoxPerCell(queries, size) && names?.size === width - BOX;
}
