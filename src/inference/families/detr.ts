/** Detection transformers: a fixed number of boxes in fractions of the picture, without overlaps. */
import type { ConstantTensor } from "../graph/edit_graph.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import { type Family, type FamilyOutputs, IMAGENET, PLAIN } from "./family.ts";
import { triple } from "./triple.ts";
import { ANY, cellScores, centreAt, isFloat, named } from "./views.ts";

/** The input that official exports of RT-DETR, D-FINE and DEIM have beside the picture. */
const TARGET_SIZES = "orig_target_sizes";
/** Values of a box before the scores. */
const BOX = 4;
/** A picture that fills the input, whatever its shape. */
export const SQUEEZED = { ...PLAIN, resize: "stretch" } as const;

/** Outputs labels, boxes, scores, with the size of the picture as a second input. */
export const DETR: Family = {
  name: "detr",
  title: "RT-DETR, D-FINE or DEIM",
  preprocess: SQUEEZED,
  overlaps: false,
  match(facts) {
    const sizes = facts.others.find(({ name }) => name === TARGET_SIZES);
    const type = sizes?.type;
    if (sizes === undefined || facts.others.length > 1) return null;
    if (type !== "int64" && type !== "int32" && type !== "float32") return null;
    // A size of 1 makes fractions of the boxes, whatever size the input has.
    const { batch } = facts.image;
    const values = Array.from({ length: 2 * batch }, () => 1);
    const constants: ConstantTensor[] = [{ name: sizes.name, type, dims: [batch, 2], values }];
    const outputs = triple(facts, { form: "fractions" });
    return outputs === null ? null : { ...outputs, constants };
  },
};

/** Outputs `[1, Q, C]` of logits and `[1, Q, 4]` of cx, cy, width, height, as Hugging Face exports them. */
export const DETR_LOGITS: Family = {
  name: "detr-logits",
  title: "DETR with logits",
  preprocess: SQUEEZED,
  overlaps: false,
  match: (facts) =>
    logitsAndBoxes(
      named(facts, "logits") ?? named(facts, "pred_logits"),
      named(facts, "pred_boxes") ?? named(facts, "boxes"),
    ),
};

/** Columns of COCO's own numbers and one of no object. */
const COCO_COLUMNS = 92;

/** The same of a softmax, whose last column is that of no object. */
export const DETR_SOFTMAX: Family = {
  name: "detr-softmax",
  title: "DETR or YOLOS",
  preprocess: { ...SQUEEZED, ...IMAGENET },
  overlaps: false,
  match(facts) {
    const logits = named(facts, "logits") ?? named(facts, "pred_logits");
    const columns = logits?.dims.at(-1) ?? null;
    const { names, isChosen } = facts;
    const isOwn = names === null ? columns === COCO_COLUMNS : columns === names.size + 1;
    if (!isChosen && !isOwn) return null;
    return logitsAndBoxes(logits, named(facts, "pred_boxes"), { none: 1 });
  },
};

/** Outputs dets `[1, Q, 4]` of cx, cy, width, height and labels `[1, Q, C]` of logits. */
export const RF_DETR: Family = {
  name: "rf-detr",
  title: "RF-DETR",
  preprocess: { ...SQUEEZED, ...IMAGENET },
  overlaps: false,
  match: (facts) => logitsAndBoxes(named(facts, "labels"), named(facts, "dets")),
};

/** @param form.none  columns of no object, behind those of the classes; default: 0, and each logit stands alone */
function logitsAndBoxes(
  logits: TensorPort | undefined,
  boxes: TensorPort | undefined,
  { none = 0 }: { readonly none?: number } = {},
): FamilyOutputs | null {
  const columns = logits?.dims.at(-1) ?? null;
  const softmax = none > 0;
  if (logits === undefined || boxes === undefined || columns === null) return null;
  if (!isFloat(logits, [1, ANY, columns]) || !isFloat(boxes, [1, ANY, BOX])) return null;
  return {
    used: [
      { name: logits.name, columns: { axis: 2, before: 0, after: none }, softmax },
      { name: boxes.name },
    ],
    classes: columns - none,
    view([scores, sides], input) {
      const [, cells = 0] = scores?.dims ?? [];
      if (scores === undefined || sides === undefined || sides.dims[1] !== cells) return null;
      return {
        cells,
        scores: cellScores(scores, { after: none, areLogits: !softmax }),
        box: (cell) => centreAt(sides, cell * BOX, input),
      };
    },
  };
}
