/** Models that give one row for each detection, with the number of the picture in front. */
import { type Family, type FamilyOutputs, type ModelFacts, PLAIN } from "./family.ts";
import { ANY, columnOf, cornersAt, labelled, onlyFloat } from "./views.ts";

/** Values of a row: picture, x1, y1, x2, y2, then class and score in either order. */
const WIDTH = 7;
const CORNERS = 1;
/** What YOLO-NAS calls its output, beside a number of the graph. */
const FLAT = "flat_predictions";

/** One output `[n, 7]`: picture, x1, y1, x2, y2, class, score. */
export const YOLOV7_END2END: Family = {
  name: "yolov7-end2end",
  title: "YOLOv7 with suppression in the graph",
  preprocess: PLAIN,
  overlaps: false,
  match: (facts) => flatRows(facts, { label: 5, score: 6 }),
};

/** One output `[n, 7]`: picture, x1, y1, x2, y2, score, class. */
export const YOLO_NAS: Family = {
  name: "yolo-nas",
  title: "YOLO-NAS",
  preprocess: PLAIN,
  overlaps: false,
  match(facts) {
    const isOwn = facts.isChosen || facts.image.type === "uint8" ||
      facts.outputs.some(({ name }) => name.includes(FLAT));
    return isOwn ? flatRows(facts, { label: 6, score: 5 }) : null;
  },
};

function flatRows(
  facts: ModelFacts,
  { label, score }: { readonly label: number; readonly score: number },
): FamilyOutputs | null {
  const port = onlyFloat(facts, [ANY, WIDTH]);
  // Of several pictures, those of the first would have to be picked out.
  if (port === undefined || facts.image.batch > 1) return null;
  return {
    used: [{ name: port.name }],
    classes: null,
    view([output]) {
      const [cells = 0, width] = output?.dims ?? [];
      if (output === undefined || width !== WIDTH) return null;
      return {
        cells,
        scores: labelled(columnOf(output, score), columnOf(output, label)),
        box: (cell) => cornersAt(output, cell * WIDTH + CORNERS),
      };
    },
  };
}
