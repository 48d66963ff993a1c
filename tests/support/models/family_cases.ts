/** Models of all families, of 64 × 64 and with outputs that are always the same. */
import { DOGS, type FamilyCase, FOUND_CAT, IMAGES } from "./family_case.ts";
import { output, turned } from "./onnx.ts";
import { TRANSFORMER_CASES } from "./transformer_cases.ts";

const CELLS = 84;

/** cx, cy, width, height and the scores of two classes, of cell 9. */
const CAT = { 9: [20, 30, 8, 12, 0.25, 0.75] };

/** At least one model of each family. */
export const FAMILY_CASES: readonly FamilyCase[] = [
  {
    family: "yolo",
    is: "by row",
    model: {
      inputs: [IMAGES],
      outputs: [turned(output("output0", [1, CELLS, 6], CAT))],
      metadata: DOGS,
    },
    says: "YOLO (RGB 0..1, letterbox)",
    finds: [FOUND_CAT],
  },
  {
    family: "yolo",
    is: "by cell",
    model: { inputs: [IMAGES], outputs: [output("output0", [1, CELLS, 6], CAT)], metadata: DOGS },
    says: "YOLO (RGB 0..1, letterbox)",
    finds: [FOUND_CAT],
  },
  {
    family: "yolo-end2end",
    is: "with padding",
    model: {
      inputs: [IMAGES],
      outputs: [output("output0", [1, 300, 6], { 0: [16, 24, 24, 36, 0.75, 1] })],
      metadata: { ...DOGS, task: "detect" },
    },
    says: "YOLO with suppression in the graph (RGB 0..1, letterbox)",
    finds: [FOUND_CAT],
  },
  {
    family: "yolov5",
    is: "with three anchors for each cell",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("output0", [1, 3 * CELLS, 7], { 9: [20, 30, 8, 12, 0.8, 0.5, 0.75] }),
        output("326", [1, 3, 8, 8, 7]),
      ],
    },
    says: "YOLOv5, YOLOv6 or YOLOv7 (RGB 0..1, letterbox)",
    finds: [["class 1", 0.6, 16, 24, 24, 36]],
  },
  {
    family: "yolov5",
    is: "of YOLOv7 with one class, whose probability means nothing",
    model: {
      inputs: [IMAGES],
      outputs: [output("output", [1, 3 * CELLS, 6], { 9: [20, 30, 8, 12, 0.75, 0.5] })],
    },
    says: "YOLOv5, YOLOv6 or YOLOv7 (RGB 0..1, letterbox)",
    finds: [["class 0", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "yolov5",
    is: "of YOLOv5 with one class",
    model: {
      inputs: [IMAGES],
      outputs: [output("output0", [1, 3 * CELLS, 6], { 9: [20, 30, 8, 12, 0.8, 0.75] })],
      metadata: { stride: "32", names: "{0: 'dog'}" },
    },
    says: "YOLOv5, YOLOv6 or YOLOv7 (RGB 0..1, letterbox)",
    finds: [["dog", 0.6, 16, 24, 24, 36]],
  },
  {
    family: "yolov7-end2end",
    is: "with one row for each detection",
    model: {
      inputs: [IMAGES],
      outputs: [{
        ...output("output", [1, 7], { 0: [0, 16, 24, 24, 36, 0, 0.75] }),
        dims: ["n", 7],
      }],
    },
    says: "YOLOv7 with suppression in the graph (RGB 0..1, letterbox)",
    finds: [["person", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "yolo-nas",
    is: "flat, of levels from 0 to 255",
    model: {
      inputs: [{ ...IMAGES, type: "uint8" }],
      outputs: [output("graph2_flat_predictions", [1, 7], { 0: [0, 16, 24, 24, 36, 0.75, 16] })],
    },
    says: "YOLO-NAS (RGB 0..255, uint8, letterbox)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    // Cell 9 is the second of the second row; cell 66 the third of the first row of the second grid.
    family: "yolox",
    is: "relative to its cells",
    model: {
      inputs: [IMAGES],
      outputs: [output("output", [1, CELLS, 7], {
        9: [0.5, -0.25, Math.log(2), Math.log(3), 0.8, 0.5, 0.75],
        66: [0.5, 0.5, 0, 0, 1, 0.5, 0],
      })],
    },
    says: "YOLOX (BGR 0..255, letterbox-top-left)",
    finds: [["class 1", 0.6, 4, -6, 20, 18], ["class 0", 0.5, 32, 0, 48, 16]],
  },
  {
    family: "yolox",
    is: "decoded",
    model: {
      inputs: [IMAGES],
      outputs: [output("output", [1, CELLS, 7], {
        9: [20, 30, 8, 12, 0.8, 0.5, 0.75],
        83: [48, 48, 32, 32, 0.1, 0.1, 0.1],
      })],
    },
    says: "YOLOX (BGR 0..255, letterbox-top-left)",
    finds: [["class 1", 0.6, 16, 24, 24, 36]],
  },
  {
    family: "nms",
    is: "with how many count",
    model: {
      inputs: [IMAGES],
      outputs: [
        output("num_dets", [1, 1], { 0: [1] }, "int32"),
        output("det_boxes", [1, 100, 4], { 0: [16, 24, 24, 36], 1: [0, 0, 9, 9] }),
        output("det_scores", [1, 100], { 0: [0.75, 0.5] }),
        output("det_classes", [1, 100], { 0: [16, 16] }, "int32"),
      ],
    },
    says: "a detector with suppression in the graph (RGB 0..1, letterbox)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  ...TRANSFORMER_CASES,
  {
    // Cell 84 is the only one of stride 64. Of the sides one bin each is certain: 1, 2, 3, 4.
    family: "nanodet-plus",
    is: "with distributions of distances",
    model: {
      inputs: [{ ...IMAGES, name: "data" }],
      outputs: [output("output", [1, CELLS + 1, 34], {
        9: [0, 0.75, ...[1, 2, 3, 4].flatMap((bin) => bins(bin))],
        84: [0.5, 0, ...[0, 0, 1, 1].flatMap((bin) => bins(bin))],
      })],
    },
    says: "NanoDet-Plus (BGR 0..255 normalised, stretch)",
    finds: [["class 1", 0.75, 0, -8, 32, 40], ["class 0", 0.5, 0, 0, 64, 64]],
  },
  {
    family: "rtmdet",
    is: "of MMDeploy",
    model: {
      inputs: [{ ...IMAGES, name: "input" }],
      outputs: [
        output("dets", [1, 100, 5], { 0: [16, 24, 24, 36, 0.75] }),
        output("labels", [1, 100], { 0: [16] }, "int64"),
      ],
    },
    says: "RTMDet or another of MMDetection (BGR 0..255 normalised, letterbox-top-left)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "pp-yoloe",
    is: "with a scale and a count",
    model: {
      inputs: [{ ...IMAGES, name: "image" }, { name: "scale_factor", dims: [1, 2] }],
      outputs: [
        output("multiclass_nms3_0.tmp_0", [2, 6], {
          0: [16, 0.75, 16, 24, 24, 36],
          1: [1, 0.9, 0, 0, 9, 9],
        }),
        output("multiclass_nms3_0.tmp_2", [1], { 0: [1] }, "int32"),
      ],
    },
    says: "PP-YOLOE (RGB 0..1, stretch)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "ssd",
    is: "of levels, with channels last",
    model: {
      inputs: [{ name: "image_tensor", type: "uint8", dims: [1, 64, 64, 3] }],
      outputs: [
        output("detection_boxes", [1, 100, 4], { 0: [0.375, 0.25, 0.5625, 0.375] }),
        output("detection_classes", [1, 100], { 0: [18] }),
        output("detection_scores", [1, 100], { 0: [0.75] }),
        output("num_detections", [1], { 0: [100] }),
      ],
    },
    says: "TensorFlow object detection (RGB 0..255, uint8, stretch)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
  },
  {
    family: "torchvision",
    is: "without a batch",
    model: {
      inputs: [{ name: "image", dims: [3, 64, 64] }],
      outputs: [
        { ...output("boxes", [1, 4], { 0: [16, 24, 24, 36] }), dims: ["n", 4] },
        { ...output("labels", [1], { 0: [18] }, "int64"), dims: ["n"] },
        { ...output("scores", [1], { 0: [0.75] }), dims: ["n"] },
      ],
    },
    says: "torchvision (RGB 0..1, letterbox)",
    finds: [["dog", 0.75, 16, 24, 24, 36]],
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

/** Logits of eight bins of which one is certain. */
function bins(certain: number): number[] {
  return Array.from({ length: 8 }, (_, bin) => bin === certain ? 40 : 0);
}
