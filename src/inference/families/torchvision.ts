/** Detectors of torchvision: Faster R-CNN, RetinaNet, FCOS, SSD. */
import { type Family, PLAIN } from "./family.ts";
import { tripleOf } from "./triple.ts";
import { ANY, isFloat, isWhole } from "./views.ts";

/** Outputs of boxes `[n, 4]`, labels `[n]` and scores `[n]`; they normalise and resize by themselves. */
export const TORCHVISION: Family = {
  name: "torchvision",
  title: "torchvision",
  preprocess: PLAIN,
  overlaps: false,
  usesIds: true,
  match({ outputs, image }) {
    const boxes = outputs.find((port) => isFloat(port, [ANY, 4]));
    const scores = outputs.find((port) => isFloat(port, [ANY]));
    const labels = outputs.find((port) => isWhole(port, [ANY]));
    if (boxes === undefined || scores === undefined || labels === undefined) return null;
    if (outputs.length !== 3 || image.batch > 1) return null;
    return tripleOf({ boxes, scores, labels, count: undefined }, "pixels");
  },
};
