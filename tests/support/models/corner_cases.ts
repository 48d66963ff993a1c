/** Models whose boxes are corners, and whose families are distinguished by what their files say. */
import { CELLS, DOGS, type FamilyCase, FOUND_CAT, IMAGES } from "./family_case.ts";
import { output, turned } from "./onnx.ts";

const LIBRE = { ...DOGS, libreyolo_version: "1.6.0", task: "detect" };

export const CORNER_CASES: readonly FamilyCase[] = [
  {
    family: "damo-yolo",
    is: "of ModelScope",
    model: {
      inputs: [IMAGES],
      outputs: [output("pred", [1, CELLS, 6], { 9: [16, 24, 24, 36, 0.25, 0.75] })],
    },
    says: "DAMO-YOLO (RGB 0..255, letterbox-top-left)",
    finds: [["class 1", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "damo-yolo",
    is: "of its repository",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("output", [1, CELLS, 2], { 9: [0.25, 0.75] }),
        output("1407", [1, CELLS, 4], { 9: [16, 24, 24, 36] }),
      ],
    },
    says: "DAMO-YOLO (RGB 0..255, letterbox-top-left)",
    finds: [["class 1", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "libreyolo",
    is: "with corners by row",
    model: {
      inputs: [IMAGES],
      outputs: [
        turned(output("output", [1, CELLS, 6], { 9: [16, 24, 24, 36, 0.25, 0.75] })),
      ],
      metadata: { ...LIBRE, model_family: "yolo9", letterbox_pad: "topleft" },
    },
    says: "YOLOv9 of LibreYOLO (RGB 0..1, letterbox-top-left)",
    finds: [FOUND_CAT],
  },
  {
    family: "libreyolo",
    is: "with corners by cell",
    model: {
      inputs: [IMAGES],
      outputs: [output("output", [1, CELLS, 6], { 9: [16, 24, 24, 36, 0.25, 0.75] })],
      metadata: { ...LIBRE, model_family: "rtmdet" },
    },
    says: "RTMDet of LibreYOLO (BGR 0..255 normalised, letterbox-top-left)",
    finds: [FOUND_CAT],
  },
  {
    family: "libreyolo",
    is: "with suppression in the graph",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("output", [1, 300, 6], { 0: [16, 24, 24, 36, 0.75, 1] }),
        output("raw", [1, 6, CELLS]),
      ],
      metadata: { ...LIBRE, model_family: "yolo9", letterbox_pad: "center" },
    },
    says: "YOLOv9 of LibreYOLO (RGB 0..1, letterbox)",
    finds: [FOUND_CAT],
  },
  {
    // What it calls logits are boxes, and what it calls boxes scores.
    family: "libreyolo",
    is: "with outputs under other names",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("pred_logits", [1, CELLS, 4], { 9: [16, 24, 24, 36] }),
        output("pred_boxes", [1, CELLS, 2], { 9: [0.25, 0.75] }),
      ],
      metadata: { ...LIBRE, model_family: "yolonas" },
    },
    says: "YOLO-NAS of LibreYOLO (RGB 0..1, letterbox)",
    finds: [FOUND_CAT],
  },
  {
    family: "boxes-scores",
    is: "with scores by class",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("fetch_name_0", [1, CELLS, 4], { 9: [16, 24, 24, 36] }),
        turned(output("fetch_name_1", [1, CELLS, 2], { 9: [0.25, 0.75] })),
      ],
    },
    says: "boxes and scores (RGB 0..1, letterbox)",
    finds: [["class 1", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "boxes-scores",
    is: "by other names, in half precision",
    model: {
      inputs: [{ ...IMAGES, type: "float16" }],
      outputs: [
        output("output", [1, 2, 2], { 0: [0.25, 0.75] }, "float16"),
        output("coordinates", [1, 2, 4], { 0: [16, 24, 24, 36] }, "float16"),
      ],
    },
    says: "boxes and scores (RGB 0..1, float16, letterbox)",
    finds: [["class 1", 0.75, 16, 24, 24, 36]],
  },
];
