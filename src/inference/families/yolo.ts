/** Ultralytics YOLO as exported by default: YOLOv8, YOLO11 and alike. */
import { type Family, type ModelFacts, PLAIN } from "./family.ts";
import { isOneBoxPerCell } from "./grids.ts";
import { scoredColumns, scoredRows } from "./scored_rows.ts";
import { ANY, onlyFloat } from "./views.ts";

/** Values of a box before the scores. */
const BOX = 4;

/** One output `[1, 4 + C, N]`, or `[1, N, 4 + C]`: cx, cy, width, height, then a score for each class. */
export const YOLO: Family = {
  name: "yolo",
  title: "YOLO",
  preprocess: PLAIN,
  overlaps: true,
  match(facts) {
    const port = onlyFloat(facts, [1, ANY, ANY]);
    if (port === undefined) return null;
    const [, second = null, third = null] = port.dims;
    if (areRows(second, third, facts)) return scoredColumns(port, second);
    return areColumns(second, third, facts) ? scoredRows(port, third, { boxes: "either" }) : null;
  },
};

function areRows(rows: number | null, cells: number | null, facts: ModelFacts): rows is number {
  return rows !== null && rows > BOX && (cells === null || cells >= rows) &&
    suits(rows - BOX, facts);
}

function areColumns(
  cells: number | null,
  width: number | null,
  facts: ModelFacts,
): width is number {
  if (width === null || width <= BOX || !suits(width - BOX, facts)) return false;
  if (facts.isChosen) return true;
  // Without names, what has 80 classes: the layout is otherwise that of YOLOX.
  return isOneBoxPerCell(cells, facts.size) && (facts.names !== null || width === BOX + 80);
}

function suits(classes: number, { names }: ModelFacts): boolean {
  return names === null || names.size === classes;
}
