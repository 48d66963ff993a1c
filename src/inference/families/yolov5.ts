/** YOLOv5 and YOLOv7 of their own repositories, and YOLOv6: boxes with an objectness. */
import { type Family, type ModelFacts, PLAIN } from "./family.ts";
import { isOneBoxPerCell, isThreeBoxesPerCell } from "./grids.ts";
import { scoredRows } from "./scored_rows.ts";
import { ANY, isFloat } from "./views.ts";

/** Values before the classes: a box and the objectness. */
const BEFORE = 5;
/** The output of YOLOv6, which has one box for each cell, as YOLOX has. */
const YOLOV6_OUTPUT = "outputs";

/** An output `[1, N, 5 + C]`: cx, cy, width, height in pixels, objectness, a probability for each class. */
export const YOLOV5: Family = {
  name: "yolov5",
  title: "YOLOv5, YOLOv6 or YOLOv7",
  preprocess: PLAIN,
  overlaps: true,
  match(facts) {
    // Exporters may add the maps that the output was computed from, which have five dimensions.
    const port = facts.outputs.find((one) => isFloat(one, [1, ANY, ANY]));
    const [, cells = null, width = null] = port?.dims ?? [];
    if (port === undefined || width === null || width <= BEFORE) return null;
    const { names, isChosen } = facts;
    if (names !== null && names.size !== width - BEFORE) return null;
    if (!isChosen && !isOwnGrid(port.name, cells, facts)) return null;
    return scoredRows(
      port,
      width,
      isObjectnessAlone(cells, width, facts) ? { after: 1 } : { hasObjectness: true },
    );
  },
};

/** YOLOv7 trains no probability of a single class, and does not read it. YOLOv5 notes its stride in the file. */
function isObjectnessAlone(
  cells: number | null,
  width: number,
  { metadata, size }: ModelFacts,
): boolean {
  return width === BEFORE + 1 && !metadata.has("stride") && isThreeBoxesPerCell(cells, size);
}

function isOwnGrid(name: string, cells: number | null, { size }: ModelFacts): boolean {
  return isThreeBoxesPerCell(cells, size) ||
    name === YOLOV6_OUTPUT && isOneBoxPerCell(cells, size);
}
