/** Models of detection transformers. */
import { COCO_IDS } from "../../../src/inference/labels.ts";
import { DOGS, type FamilyCase, FOUND_CAT, IMAGES } from "./family_case.ts";
import { output } from "./onnx.ts";

/** The inverse of the sigmoid. */
function logit(probability: number): number {
  return Math.log(probability / (1 - probability));
}

/** At least one model of each family of transformers. */
export const TRANSFORMER_CASES: readonly FamilyCase[] = [
  {
    family: "detr",
    is: "with the size of the picture",
    model: {
      inputs: [IMAGES, { name: "orig_target_sizes", type: "int64", dims: ["N", 2] }],
      outputs: [
        output("labels", [1, 300], { 0: [16] }, "int64"),
        output("boxes", [1, 300, 4], { 0: [0.25, 0.375, 0.375, 0.5625] }),
        output("scores", [1, 300], { 0: [0.75] }),
      ],
    },
    says: "RT-DETR, D-FINE or DEIM (RGB 0..1, stretch)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "detr-logits",
    is: "of Hugging Face",
    model: {
      inputs: [{ ...IMAGES, name: "pixel_values" }],
      outputs: [
        output("logits", [1, 2, 2], { 0: [-5, logit(0.75)], 1: [-5, -4] }),
        output("pred_boxes", [1, 2, 4], { 0: [20 / 64, 30 / 64, 8 / 64, 12 / 64] }),
      ],
    },
    says: "DETR with logits (RGB 0..1, stretch)",
    finds: [["class 1", 0.75, 16, 24, 24, 36]],
  },
  {
    // Softmax of ln 6, ln 18 and 0 is 0.24, 0.72 and 0.04; of 0, 0 and ln 18 the best class has 0.05.
    family: "detr-softmax",
    is: "with a column of no object",
    model: {
      inputs: [{ ...IMAGES, name: "pixel_values" }],
      outputs: [
        output("logits", [1, 2, 3], { 0: [Math.log(6), Math.log(18)], 1: [0, 0, Math.log(18)] }),
        output("pred_boxes", [1, 2, 4], { 0: [20 / 64, 30 / 64, 8 / 64, 12 / 64] }),
      ],
      metadata: DOGS,
    },
    says: "DETR or YOLOS (RGB 0..1 normalised, stretch)",
    finds: [["cat", 0.72, 16, 24, 24, 36]],
  },
  {
    family: "rt-detr",
    is: "by class, which its file says",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("output0", [1, 300, 6], { 0: [20 / 64, 30 / 64, 8 / 64, 12 / 64, 0.75, 0] }),
      ],
      metadata: { head: "RTDETRDecoder", names: "{0: 'dog'}" },
    },
    says: "RT-DETR of Ultralytics (RGB 0..1, stretch)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "rt-detr",
    is: "by score",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("output0", [1, 300, 6], { 7: [20 / 64, 30 / 64, 8 / 64, 12 / 64, 0.5, 0.75] }),
      ],
      metadata: { ...DOGS, head: "RTDETRDecoder" },
    },
    says: "RT-DETR of Ultralytics (RGB 0..1, stretch)",
    finds: [FOUND_CAT],
  },
  {
    family: "rf-detr",
    is: "with COCO's numbers",
    model: {
      inputs: [{ ...IMAGES, name: "input" }],
      outputs: [
        output("dets", [1, 1, 4], { 0: [20 / 64, 30 / 64, 8 / 64, 12 / 64] }),
        output("labels", [1, 1, 91], {
          0: COCO_IDS.map((name) => name === "dog" ? logit(0.75) : -9),
        }),
      ],
    },
    says: "RF-DETR (RGB 0..1 normalised, stretch)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
];
