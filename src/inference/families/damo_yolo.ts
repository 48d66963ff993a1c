/** DAMO-YOLO, as its repository and ModelScope export it. */
import { boxesAndScores } from "./boxes_scores.ts";
import { type Family, type FamilyOutputs, type ModelFacts, PLAIN } from "./family.ts";
import { isOneBoxPerCell } from "./grids.ts";
import { scoredRows } from "./scored_rows.ts";
import { ANY, isFloat, onlyFloat } from "./views.ts";

/** Values of a box: x1, y1, x2, y2 in pixels. */
const BOX = 4;
/** What its repository calls the first of its outputs, and ModelScope its only one. */
const SCORES = "output";
const ROWS = "pred";

/** Outputs of scores `[1, N, C]` and boxes `[1, N, 4]`, in this order; or one `[1, N, 4 + C]` of both. */
export const DAMO_YOLO: Family = {
  name: "damo-yolo",
  title: "DAMO-YOLO",
  preprocess: { ...PLAIN, scale: 255, resize: "letterbox-top-left", pad: 0 },
  overlaps: true,
  match: (facts) => rows(facts) ?? pair(facts),
};

function rows(facts: ModelFacts): FamilyOutputs | null {
  const port = onlyFloat(facts, [1, ANY, ANY]);
  const [, cells = null, width = null] = port?.dims ?? [];
  if (port === undefined || width === null || width <= BOX) return null;
  const isOwn = port.name === ROWS && isOneBoxPerCell(cells, facts.size);
  return facts.isChosen || isOwn ? scoredRows(port, width, { boxes: "corners" }) : null;
}

function pair(facts: ModelFacts): FamilyOutputs | null {
  const [scores, boxes] = facts.outputs;
  const isOwn = scores?.name === SCORES && isFloat(boxes, [1, ANY, BOX]) &&
    isOneBoxPerCell(boxes?.dims[1] ?? null, facts.size);
  return facts.isChosen || isOwn ? boxesAndScores(facts) : null;
}
