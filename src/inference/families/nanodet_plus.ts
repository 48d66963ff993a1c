/** NanoDet-Plus: each side of a box as a distribution over distances. */
import type { Corners, SizePx } from "../../core/geometry.ts";
import { type Family, IMAGENET_BGR, type OutputTensor, PLAIN } from "./family.ts";
import { gridCell, gridCells } from "./grids.ts";
import { ANY, at, cellScores, onlyFloat } from "./views.ts";

const STRIDES = [8, 16, 32, 64] as const;
/** Distances of 0 to 7 strides. */
const BINS = 8;
const SIDES = 4 * BINS;

/** One output `[1, N, C + 32]`: a score for each class, then eight logits for each of left, top, right, bottom. */
export const NANODET_PLUS: Family = {
  name: "nanodet-plus",
  title: "NanoDet-Plus",
  preprocess: { ...PLAIN, ...IMAGENET_BGR, resize: "stretch" },
  overlaps: true,
  match(facts) {
    const port = onlyFloat(facts, [1, ANY, ANY]);
    const [, cells = null, width = null] = port?.dims ?? [];
    if (port === undefined || width === null || width <= SIDES) return null;
    const isOwnGrid = facts.size !== null && gridCells(facts.size, STRIDES) === cells;
    if (!facts.isChosen && !isOwnGrid) return null;
    return {
      used: [{ name: port.name, columns: { axis: 2, before: 0, after: SIDES } }],
      classes: width - SIDES,
      view([output], input) {
        const [, count = 0, found = 0] = output?.dims ?? [];
        if (output === undefined || found <= SIDES) return null;
        if (count !== gridCells(input, STRIDES)) return null;
        return {
          cells: count,
          scores: cellScores(output, { after: SIDES }),
          box: (cell) => decoded(output, cell, input),
        };
      },
    };
  },
};

function decoded(output: OutputTensor, cell: number, input: SizePx): Corners {
  const { x, y, stride } = gridCell(cell, input, STRIDES);
  const width = output.dims.at(-1) ?? 0;
  const start = (cell + 1) * width - SIDES;
  const side = (index: number) => stride * expected(output, start + index * BINS);
  return {
    x1: x * stride - side(0),
    y1: y * stride - side(1),
    x2: x * stride + side(2),
    y2: y * stride + side(3),
  };
}

/** The mean of a distribution that is given by logits. */
function expected(output: OutputTensor, start: number): number {
  let highest = -Infinity;
  for (let bin = 0; bin < BINS; bin++) highest = Math.max(highest, at(output, start + bin));
  let sum = 0;
  let weighted = 0;
  for (let bin = 0; bin < BINS; bin++) {
    const weight = Math.exp(at(output, start + bin) - highest);
    sum += weight;
    weighted += bin * weight;
  }
  return weighted / sum;
}
