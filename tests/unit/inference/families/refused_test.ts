import assert from "node:assert/strict";
import { IMAGES } from "../../../support/models/family_case.ts";
import { assertRefused, refusalOf, type RefusedCase } from "../../../support/models/load.ts";
import { type DeclaredPort, output } from "../../../support/models/onnx.ts";
import { model, names } from "../../../support/models/refused_models.ts";

const ROWS = output("output0", [1, 6, 84]);

const OTHER_TASKS: readonly [task: string, size: number[], says: RegExp, remedy: RegExp][] = [
  ["pose", [1, 56, 84], /pose model/, /yolo11n\.pt instead of yolo11n-pose/],
  ["obb", [1, 6, 84], /rotated boxes \(OBB\)/, /instead of yolo11n-obb/],
  ["segment", [1, 37, 84], /segmentation model/, /instead of yolo11n-seg/],
  ["classify", [1, 1000], /classifier/, /instead of yolo11n-cls/],
  ["depth", [1, 64, 64], /its task is "depth"/, /detection model/],
];

const TASKS = OTHER_TASKS.map(([task, size, says, remedy]): RefusedCase => ({
  is: `an Ultralytics model for ${task}`,
  bytes: model([output("output0", size)], { metadata: { task, ...names(1) } }),
  ...{ says, remedy },
}));

const FORMS: readonly RefusedCase[] = [
  {
    is: "a pose model without its task",
    bytes: model([output("output0", [1, 56, 84])], { metadata: names(1) }),
    says: /pose model/,
    remedy: /detection model/,
  },
  {
    is: "an OBB model without its task",
    bytes: model([output("output0", [1, 7, 84])], { metadata: names(2) }),
    says: /rotated boxes/,
    remedy: /detection model/,
  },
  {
    is: "a segmentation model without its task",
    bytes: model([output("output0", [1, 37, 84]), output("output1", [1, 32, 16, 16])]),
    says: /gives masks/,
    remedy: /detection model/,
  },
  {
    is: "RF-DETR with masks",
    bytes: model([
      ...[output("dets", [1, 300, 4]), output("labels", [1, 300, 91])],
      output("masks", [1, 300, 8, 8]),
    ]),
    says: /gives masks/,
    remedy: /detection model/,
  },
  {
    is: "RF-DETR with key points",
    bytes: model([
      ...[output("dets", [1, 300, 4]), output("labels", [1, 300, 2])],
      output("keypoints", [1, 300, 17, 2]),
    ]),
    says: /key point model/,
    remedy: /detection model/,
  },
  {
    is: "a classifier",
    bytes: model([output("logits", [1, 1000])]),
    says: /classifier.*"logits" float32 \[1, 1000\]/,
    remedy: /detection model/,
  },
  {
    is: "MoveNet",
    bytes: model([output("output_0", [1, 1, 17, 3])]),
    says: /key points/,
    remedy: /detection model/,
  },
  {
    is: "MoveNet for several people",
    bytes: model([output("output_0", [1, 6, 56])]),
    says: /key points/,
    remedy: /detection model/,
  },
  {
    is: "CenterNet",
    bytes: model([
      ...[output("hm", [1, 80, 16, 16]), output("wh", [1, 2, 16, 16])],
      output("reg", [1, 2, 16, 16]),
    ]),
    says: /maps of centres/,
    remedy: /decoding is part of the graph/,
  },
  {
    is: "YOLOv5 without its decoding",
    bytes: model([8, 4, 2].map((side) => output(`p${side}`, [1, 3, side, side, 85]))),
    says: /feature maps/,
    remedy: /--grid/,
  },
  {
    is: "a network with one map for each stride",
    bytes: model([8, 4, 2].map((side) => output(`p${side}`, [1, 255, side, side]))),
    says: /feature maps/,
    remedy: /decoding/,
  },
  {
    is: "a depth model",
    bytes: model([output("depth", [1, 1, 64, 64])]),
    says: /map of the picture/,
    remedy: /detection model/,
  },
  {
    is: "names that do not fit the classes",
    bytes: model([output("output", [1, 252, 85])], { metadata: names(3) }),
    says: /\[1, 252, 85\]|names 3 classes/,
    remedy: /models\/README|names/,
  },
  {
    is: "names that do not fit a pair",
    bytes: model([output("boxes", [1, 5, 4]), output("scores", [1, 5, 3])], { metadata: names(2) }),
    says: /names 2 classes, and it scores 3/,
    remedy: /names of its classes/,
  },
  {
    is: "rows of an unknown form",
    bytes: model([output("out", [1, 50, 9])]),
    says: /its output is "out" float32 \[1, 50, 9\]/,
    remedy: /models\/README/,
  },
  {
    is: "no output",
    bytes: model([]),
    code: "MODEL_UNSUPPORTED",
    says: /its output is missing/,
    remedy: /models\/README/,
  },
  {
    is: "logits by the names of scores",
    bytes: model([output("boxes", [1, 2, 4]), {
      ...output("scores", [1, 2, 1]),
      values: [-3, 4.5],
    }]),
    says: /a score of 4\.500, and a confidence is at most 1/,
    remedy: /family/,
  },
];

function input(change: Partial<DeclaredPort>, more: readonly DeclaredPort[] = []): Uint8Array {
  return model([ROWS], { inputs: [{ ...IMAGES, ...change }, ...more] });
}

const INPUTS: readonly RefusedCase[] = [
  { is: "grey", bytes: input({ dims: [1, 1, 28, 28] }), says: /grey/, remedy: /colour/ },
  { is: "a video", bytes: input({ dims: [1, 3, 8, 64, 64] }), says: /sequence/, remedy: /single/ },
  { is: "int8", bytes: input({ type: "int8" }), says: /whole numbers/, remedy: /uint8/ },
  { is: "int32", bytes: input({ type: "int32" }), says: /whole numbers/, remedy: /uint8/ },
  { is: "tiny", bytes: input({ dims: [1, 3, 8, 8] }), says: /\[1, 3, 8, 8\]/, remedy: /README/ },
  {
    is: "huge",
    bytes: input({ dims: [1, 3, 100_000, 416] }),
    says: /100000/,
    remedy: /README/,
  },
  {
    is: "four channels",
    bytes: input({ dims: [1, 4, 64, 64] }),
    says: /other than 3 channels/,
    remedy: /colour/,
  },
  { is: "bool", bytes: input({ type: "bool" }), says: /whole numbers/, remedy: /uint8/ },
  {
    is: "two pictures",
    bytes: input({}, [{ name: "right", dims: [1, 3, 64, 64] }]),
    says: /several pictures/,
    remedy: /single/,
  },
  {
    is: "sound",
    bytes: input({ name: "input_values", dims: [1, 1600] }),
    says: /takes sound/,
    remedy: /for pictures/,
  },
  {
    is: "text alone",
    bytes: input({ name: "input_ids", type: "int64", dims: [1, 16] }),
    says: /takes text, not pictures/,
    remedy: /for pictures/,
  },
  {
    is: "a size of 0",
    bytes: input({ dims: [1, 3, 0, 0] }),
    says: /a blank picture does not run/,
    remedy: /fixed size/,
  },
  { is: "no picture", bytes: input({ dims: [1, 512] }), says: /\[1, 512\]/, remedy: /README/ },
  {
    is: "a large batch",
    bytes: input({ dims: [32, 3, 64, 64] }),
    says: /\[32, 3/,
    remedy: /README/,
  },
  { is: "none", bytes: model([ROWS], { inputs: [] }), says: /input is missing/, remedy: /README/ },
  {
    is: "text",
    bytes: input({}, [{ name: "input_ids", type: "int64", dims: [1, 16] }]),
    says: /takes text/,
    remedy: /YOLO-World/,
  },
  {
    is: "a mask without a size",
    bytes: model([output("logits", [1, 100, 92]), output("pred_boxes", [1, 100, 4])], {
      inputs: [
        { name: "pixel_values", dims: [1, 3, "height", "width"] },
        { name: "pixel_mask", type: "int64", dims: [1, "height", "width"] },
      ],
    }),
    says: /mask of the picture, whose size is free/,
    remedy: /without pixel_mask/,
  },
  {
    is: "an unknown second one",
    bytes: input({}, [{ name: "anchors", dims: [1, 16] }]),
    says: /takes "anchors" float32 \[1, 16\] beside the picture/,
    remedy: /README/,
  },
];

const CASES = [...TASKS, ...FORMS, ...INPUTS];

for (const one of CASES) {
  Deno.test(`refused: ${one.is} is said in one line, with the way on`, () => assertRefused(one));
}

Deno.test("refused: a family that the outputs do not suit", async () => {
  const settings = { family: "nanodet-plus", preprocess: {} } as const;
  const { message: said, remedy } = await refusalOf(model([ROWS]), { settings });
  assert.match(said, /\[1, 6, 84\], which does not suit NanoDet-Plus/);
  assert.match(remedy, /family/);
  const other = await refusalOf(model([ROWS]), { settings: { ...settings, family: "detr" } });
  assert.match(other.message, /\[1, 6, 84\], which does not suit family detr/);
  const named = await refusalOf(model([ROWS], { metadata: names(2) }), {
    settings: { ...settings, family: "yolox" },
  });
  assert.match(named.message, /names 2 classes, and as yolox it scores 79/);
  assert.match(named.remedy, /Correct the detector's family/);
});
