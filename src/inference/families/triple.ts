/** Models with separate outputs for boxes, scores and classes, one of each for every detection. */
import type { Corners, SizePx } from "../../core/geometry.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import { type Family, type FamilyOutputs, type ModelFacts, PLAIN } from "./family.ts";
import type { OutputTensor } from "./family.ts";
import { ANY, at, column, cornersAt, isFloat, isWhole, labelled } from "./views.ts";

/** Values of a box. */
const BOX = 4;

/** How boxes are given. */
export type BoxForm =
  /** x1, y1, x2, y2 in pixels of the input. */
  | "pixels"
  /** x1, y1, x2, y2 in fractions of it. */
  | "fractions"
  /** y1, x1, y2, x2 in fractions of it. */
  | "fractions, y first";

/** Boxes `[1, n, 4]`, scores `[1, n]`, classes `[1, n]`, by any names, and how many of them count. */
export const NMS: Family = {
  name: "nms",
  title: "a detector with suppression in the graph",
  preprocess: PLAIN,
  overlaps: false,
  match: (facts) => facts.others.length > 0 ? null : triple(facts, { form: "pixels" }),
};

/** Finds those outputs by their types and sizes. */
export function triple(
  { outputs }: ModelFacts,
  { form }: { readonly form: BoxForm },
): FamilyOutputs | null {
  const boxes = outputs.find((port) => isFloat(port, [1, ANY, BOX]));
  const kept = boxes?.dims[1] ?? null;
  const scores = outputs.find((port) => isFloat(port, [1, kept]));
  const labels = outputs.find((port) => isWhole(port, [1, kept]) && !isCount(port));
  if (boxes === undefined || scores === undefined || labels === undefined) return null;
  const count = outputs.find((port) => port !== labels && (isWhole(port, [1]) || isCount(port)));
  if (outputs.length !== (count === undefined ? 3 : 4)) return null;
  return tripleOf({ boxes, scores, labels, count }, form);
}

function isCount(port: TensorPort): boolean {
  return isWhole(port, [1, 1]);
}

/** The outputs of a triple. */
export interface TriplePorts {
  readonly boxes: TensorPort;
  readonly scores: TensorPort;
  readonly labels: TensorPort;
  /** How many of the detections count, from the first on. */
  readonly count: TensorPort | undefined;
}

/** Reads outputs that are known to be a triple. */
export function tripleOf(ports: TriplePorts, form: BoxForm): FamilyOutputs {
  const { boxes, scores, labels, count } = ports;
  return {
    used: [boxes, scores, labels, ...count === undefined ? [] : [count]].map(({ name }) => ({
      name,
    })),
    classes: null,
    view([sides, confidences, numbers, counted], input) {
      if (sides === undefined || confidences === undefined || numbers === undefined) return null;
      const cells = confidences.data.length;
      if (sides.data.length !== BOX * cells || numbers.data.length !== cells) return null;
      return {
        cells: counted === undefined ? cells : Math.min(cells, counted.data[0] ?? 0),
        scores: labelled(column(confidences), column(numbers)),
        box: (cell) => boxOf(sides, cell * BOX, form, input),
      };
    },
  };
}

function boxOf(sides: OutputTensor, start: number, form: BoxForm, input: SizePx): Corners {
  switch (form) {
    case "pixels":
      return cornersAt(sides, start);
    case "fractions":
      return cornersAt(sides, start, input);
    case "fractions, y first":
      return {
        x1: at(sides, start + 1) * input.width,
        y1: at(sides, start) * input.height,
        x2: at(sides, start + 3) * input.width,
        y2: at(sides, start + 2) * input.height,
      };
  }
}
