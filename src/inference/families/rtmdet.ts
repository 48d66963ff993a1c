/** RTMDet and other detectors of MMDetection, as MMDeploy exports them. */
import { type Family, IMAGENET_BGR, PLAIN } from "./family.ts";
import { ANY, column, columnOf, cornersAt, isFloat, isWhole, labelled, named } from "./views.ts";

/** Values of a detection: x1, y1, x2, y2, score. */
const WIDTH = 5;

/** Outputs dets `[1, n, 5]`: x1, y1, x2, y2 in pixels and a score, and labels `[1, n]`. */
export const RTMDET: Family = {
  name: "rtmdet",
  title: "RTMDet or another of MMDetection",
  preprocess: { ...PLAIN, ...IMAGENET_BGR, resize: "letterbox-top-left" },
  overlaps: false,
  match(facts) {
    const dets = named(facts, "dets");
    const labels = named(facts, "labels");
    if (dets === undefined || labels === undefined || facts.outputs.length > 2) return null;
    if (!isFloat(dets, [1, ANY, WIDTH]) || !isWhole(labels, [1, ANY])) return null;
    return {
      used: [{ name: dets.name }, { name: labels.name }],
      classes: null,
      view([boxes, numbers]) {
        const [, cells = 0, width] = boxes?.dims ?? [];
        if (boxes === undefined || numbers === undefined || width !== WIDTH) return null;
        if (numbers.data.length !== cells) return null;
        return {
          cells,
          scores: labelled(columnOf(boxes, 4), column(numbers)),
          box: (cell) => cornersAt(boxes, cell * WIDTH),
        };
      },
    };
  },
};
