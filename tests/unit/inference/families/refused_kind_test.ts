/** What other detectors and other networks give is refused, by its form or its values. */
import { assertRefused, type RefusedCase } from "../../../support/models/load.ts";
import { type ConstantOutput, output } from "../../../support/models/onnx.ts";
import { model, names } from "../../../support/models/refused_models.ts";

const ROWS = output("output0", [1, 6, 84]);

/** Boxes or scores of a grid, all of them of one value. */
function filled(name: string, size: readonly number[], value: number): ConstantOutput {
  const one = output(name, size);
  return { ...one, values: one.values.map(() => value) };
}

const BOXED = output("boxes", [100, 4]);
const OF_TORCHVISION = [BOXED, output("labels", [100], {}, "int64"), output("scores", [100])];
const CORNER = output("boxes", [1, 84, 4], { 0: [0.25, 0.25, 0.5, 0.5] });

const OTHERS: readonly RefusedCase[] = [
  {
    is: "a face detector",
    bytes: model([
      ...[output("loc", [1, 84, 4]), output("conf", [1, 84, 2])],
      output("landms", [1, 84, 10]),
    ]),
    says: /face detector that gives landmarks/,
    remedy: /without landmarks/,
  },
  {
    is: "a detector with an output for each grid",
    bytes: model([64, 16, 4].flatMap((cells) => [
      ...[output(`score${cells}`, [cells, 1]), output(`box${cells}`, [cells, 4])],
    ])),
    says: /of each grid apart/,
    remedy: /decoding/,
  },
  {
    is: "Mask R-CNN",
    bytes: model([...OF_TORCHVISION, output("3122", [100, 1, 8, 8])]),
    says: /gives masks/,
    remedy: /detection model/,
  },
  {
    is: "Keypoint R-CNN",
    bytes: model([...OF_TORCHVISION, output("3016", [100, 17, 3]), output("3020", [100, 17])]),
    says: /key points beside its boxes/,
    remedy: /detection model/,
  },
  {
    is: "class names for fewer classes",
    bytes: model([output("output0", [1, 9, 84])], { metadata: names(2) }),
    says: /does not fit the class names/,
    remedy: /names of its classes/,
  },
  {
    is: "text in its output",
    bytes: model([{ ...output("labels", [1, 2]), type: "string" }]),
    says: /something else than tensors of numbers \(.*string/,
    remedy: /boxes and scores/,
  },
  {
    is: "scores that are no numbers",
    bytes: model([filled("output0", [1, 6, 84], Number.NaN)], { metadata: names(2) }),
    says: /a score of NaN/,
    remedy: /family/,
  },
  {
    is: "boxes that are no numbers",
    bytes: model([filled("boxes", [1, 84, 4], Number.NaN), output("scores", [1, 84, 2])]),
    says: /boxes that are no numbers/,
    remedy: /float32/,
  },
  {
    is: "boxes in fractions",
    bytes: model([CORNER, filled("scores", [1, 84, 2], 0.4)]),
    says: /boxes are in fractions/,
    remedy: /in pixels/,
  },
  {
    is: "a model that reads text",
    bytes: model([filled("softmax", [1, 40, 500], 1 / 500)]),
    says: /add up to 1 along what would be boxes/,
    remedy: /reads text/,
  },
  {
    is: "a network of LibreYOLO without a known output",
    bytes: model([ROWS], { metadata: { libreyolo_version: "1.6.0", model_family: "fomo" } }),
    says: /"fomo" of LibreYOLO/,
    remedy: /LibreYOLO9/,
  },
];

for (const one of OTHERS) {
  Deno.test(`refused: ${one.is} is said in one line, with the way on`, () => assertRefused(one));
}
