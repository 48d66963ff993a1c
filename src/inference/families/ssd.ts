/** SSD and EfficientDet of TensorFlow's object detection API, converted by tf2onnx. */
import { type Family, PLAIN } from "./family.ts";
import { tripleOf } from "./triple.ts";
import { ANY, isFloat, named } from "./views.ts";

/** Outputs detection_boxes `[1, n, 4]` of y1, x1, y2, x2 in fractions, detection_scores, detection_classes. */
export const SSD: Family = {
  name: "ssd",
  title: "TensorFlow object detection",
  preprocess: { ...PLAIN, scale: 255, resize: "stretch" },
  overlaps: false,
  usesIds: true,
  match(facts) {
    const boxes = named(facts, "detection_boxes");
    const scores = named(facts, "detection_scores");
    const labels = named(facts, "detection_classes");
    if (boxes === undefined || scores === undefined || labels === undefined) return null;
    if (!isFloat(boxes, [1, ANY, 4])) return null;
    const count = named(facts, "num_detections");
    return tripleOf({ boxes, scores, labels, count }, "fractions, y first");
  },
};
