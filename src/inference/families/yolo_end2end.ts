/** Ultralytics YOLO with suppression in the graph: `nms=True`, and YOLOv10 and YOLO26 end-to-end. */
import { type Family, PLAIN } from "./family.ts";
import { isOneBoxPerCell, isThreeBoxesPerCell } from "./grids.ts";
import { LABELLED_WIDTH, labelledRows } from "./scored_rows.ts";
import { ANY, onlyFloat } from "./views.ts";

/** More boxes than an exporter keeps. */
const MAX_KEPT = 2000;

/** One output `[1, N, 6]`: x1, y1, x2, y2 in pixels, score, class. */
export const YOLO_END2END: Family = {
  name: "yolo-end2end",
  title: "YOLO with suppression in the graph",
  preprocess: PLAIN,
  overlaps: false,
  match(facts) {
    const port = onlyFloat(facts, [1, ANY, LABELLED_WIDTH]);
    if (port === undefined) return null;
    const [, cells = null] = port.dims;
    const { size, isChosen } = facts;
    // One class of YOLOv5 and YOLOX, and two of YOLO, have the same width.
    const isOther = cells !== null && cells > MAX_KEPT || isOneBoxPerCell(cells, size) ||
      isThreeBoxesPerCell(cells, size);
    if (!isChosen && facts.metadata.get("end2end") !== "True" && isOther) return null;
    return labelledRows(port, { boxes: "corners" });
  },
};
