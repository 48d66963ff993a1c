/** Detection transformers: a fixed number of boxes in fractions of the picture, without overlaps. */
import type { ConstantTensor } from "../graph/edit_graph.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import { COCO_IDS, COCO_LABELS } from "../labels.ts";
import { type Family, type FamilyOutputs, IMAGENET, type ModelFacts, PLAIN } from "./family.ts";
import { triple } from "./triple.ts";
import { ANY, cellScores, centreAt, isFloat, named } from "./views.ts";

/** The input that official exports of RT-DETR, D-FINE and DEIM have beside the picture. */
const TARGET_SIZES = "orig_target_sizes";
/** The input of the pixels that are not padding. */
const PIXEL_MASK = "pixel_mask";
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

/** Columns of logits for COCO's own numbers. */
const ID_COLUMNS = COCO_IDS.length;
/** The most queries of a network whose classes compete. */
const MAX_COMPETING = 125;
const NORMALISED = { ...SQUEEZED, ...IMAGENET } as const;

/**
 * Outputs `[1, Q, C + 1]` of logits that compete, the last for no object, and `[1, Q, 4]` of boxes: DETR, YOLOS
 * and Table Transformer.
 */
export const DETR_SOFTMAX: Family = {
  name: "detr-softmax",
  title: "DETR or YOLOS",
  preprocess: NORMALISED,
  overlaps: false,
  usesIds: true,
  match(facts) {
    if (!facts.isChosen && doCompete(facts) !== true) return null;
    return logitsAndBoxes(hubLogits(facts), hubBoxes(facts), { facts, none: 1 });
  },
};

/** Those of them with a column for each of COCO's numbers: Deformable and Conditional DETR, LW-DETR. */
export const DETR_LOGITS_BY_ID: Family = {
  name: "detr-logits",
  title: "DETR with logits",
  preprocess: NORMALISED,
  overlaps: false,
  usesIds: true,
  match: (facts) =>
    hubLogits(facts)?.dims.at(-1) === ID_COLUMNS
      ? logitsAndBoxes(hubLogits(facts), hubBoxes(facts), { facts })
      : null,
};

/** Outputs `[1, Q, C]` of logits and `[1, Q, 4]` of cx, cy, width, height, as Hugging Face exports them. */
export const DETR_LOGITS: Family = {
  name: "detr-logits",
  title: "DETR with logits",
  preprocess: SQUEEZED,
  overlaps: false,
  usesIds: true,
  match(facts) {
    if (!facts.isChosen && doCompete(facts) !== false) return null;
    return logitsAndBoxes(hubLogits(facts), hubBoxes(facts), { facts });
  },
};

/** Outputs dets `[1, Q, 4]` of cx, cy, width, height and labels `[1, Q, C]` of logits. */
export const RF_DETR: Family = {
  name: "rf-detr",
  title: "RF-DETR",
  preprocess: NORMALISED,
  overlaps: false,
  usesIds: true,
  match: (facts) => logitsAndBoxes(named(facts, "labels"), named(facts, "dets"), { facts }),
};

/** Whether the classes compete, by the names and sizes; null where those are not known. */
function doCompete(facts: ModelFacts): boolean | null {
  const [, queries = null, columns = null] = hubLogits(facts)?.dims ?? [];
  if (facts.names !== null) return columns === facts.names.size + 1;
  if (columns === ID_COLUMNS || columns === COCO_LABELS.length) return false;
  if (columns === ID_COLUMNS + 1) return true;
  return queries === null ? null : queries <= MAX_COMPETING;
}

function hubLogits(facts: ModelFacts): TensorPort | undefined {
  return named(facts, "logits") ?? named(facts, "pred_logits");
}

function hubBoxes(facts: ModelFacts): TensorPort | undefined {
  return named(facts, "pred_boxes") ?? named(facts, "boxes");
}

/** @param form.none  columns of no object, behind those of the classes; default: 0, and each logit stands alone */
function logitsAndBoxes(
  logits: TensorPort | undefined,
  boxes: TensorPort | undefined,
  { facts, none = 0 }: { readonly facts: ModelFacts; readonly none?: number },
): FamilyOutputs | null {
  const width = logits?.dims.at(-1) ?? null;
  if (logits === undefined || boxes === undefined || width === null) return null;
  if (!isFloat(logits, [1, ANY, width]) || !isFloat(boxes, [1, ANY, BOX])) return null;
  const softmax = none > 0;
  const mask = wholeMask(facts);
  return {
    used: [
      { name: logits.name, columns: { axis: 2, before: 0, after: none }, softmax },
      { name: boxes.name },
    ],
    classes: width - none,
    ...mask === null ? {} : { constants: [mask] },
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

/** The input that marks the pixels that belong to the picture: all do. */
function wholeMask({ others, image }: ModelFacts): ConstantTensor | null {
  const mask = others.find(({ name }) => name === PIXEL_MASK);
  const { width, height, batch } = image;
  if (mask?.type !== "int64" || width === null || height === null) return null;
  const dims = [batch, height, width];
  return {
    name: mask.name,
    type: mask.type,
    dims,
    values: Array.from({ length: batch * height * width }, () => 1),
  };
}
