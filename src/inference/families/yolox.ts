/** YOLOX, with its boxes decoded in the graph or not. */
import type { Corners, SizePx } from "../../core/geometry.ts";
import { type Family, type OutputTensor, PLAIN } from "./family.ts";
import { gridCell, gridCells, isOneBoxPerCell } from "./grids.ts";
import { ANY, aroundCentre, at, cellScores, centreAt, onlyFloat } from "./views.ts";

const STRIDES = [8, 16, 32] as const;
/** Values before the classes: a box and the objectness. */
const BEFORE = 5;
const OBJECTNESS = 4;

/** One output `[1, N, 5 + C]`: cx, cy, width, height, objectness, a probability for each class. */
export const YOLOX: Family = {
  name: "yolox",
  title: "YOLOX",
  preprocess: { ...PLAIN, colour: "bgr", scale: 255, resize: "letterbox-top-left" },
  overlaps: true,
  match(facts) {
    const port = onlyFloat(facts, [1, ANY, ANY]);
    const [, cells = null, width = null] = port?.dims ?? [];
    if (port === undefined || width === null || width <= BEFORE) return null;
    if (!facts.isChosen && !isOneBoxPerCell(cells, facts.size)) return null;
    return {
      used: [{ name: port.name, columns: { axis: 2, before: BEFORE, after: 0 } }],
      classes: width - BEFORE,
      view([output], input) {
        const [, count = 0, found = 0] = output?.dims ?? [];
        if (output === undefined || found <= BEFORE) return null;
        const isRaw = isRelative(output, input);
        if (isRaw && count !== gridCells(input, STRIDES)) return null;
        return {
          cells: count,
          scores: cellScores(output, { before: BEFORE, objectness: OBJECTNESS }),
          box: (cell) => isRaw ? decoded(output, cell, input) : centreAt(output, cell * found),
        };
      },
    };
  },
};

/**
 * Whether boxes are relative to their cells. That of the last cell, at the bottom right, then has its
 * centre within a few cells of 0, and otherwise near the end of the input.
 */
function isRelative(output: OutputTensor, { width, height }: SizePx): boolean {
  const last = output.data.length - (output.dims.at(-1) ?? 0);
  return at(output, last) + at(output, last + 1) < (width + height) / 2;
}

function decoded(output: OutputTensor, cell: number, input: SizePx): Corners {
  const { x, y, stride } = gridCell(cell, input, STRIDES);
  const start = cell * (output.dims.at(-1) ?? 0);
  return aroundCentre(
    (at(output, start) + x) * stride,
    (at(output, start + 1) + y) * stride,
    Math.exp(at(output, start + 2)) * stride,
    Math.exp(at(output, start + 3)) * stride,
  );
}
