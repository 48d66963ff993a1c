import assert from "node:assert/strict";
import { externalFields, modelsWith, smallModel } from "../../../support/models/external_data.ts";
import { refusalOf } from "../../../support/models/load.ts";
import {
  type ConstantOutput,
  type DeclaredPort,
  join,
  message,
  number,
  onnxModel,
  text,
} from "../../../support/models/onnx.ts";

const IMAGES: DeclaredPort = { name: "images", dims: [1, 3, 64, 64] };

/** An output of zeros. */
function output(name: string, size: readonly number[], type?: string): ConstantOutput {
  const values = Array.from({ length: size.reduce((product, one) => product * one, 1) }, () => 0);
  return { name, dims: size, size, values, ...type === undefined ? {} : { type } };
}

function names(count: number): Record<string, string> {
  const list = Array.from({ length: count }, (_, index) => `${index}: 'c${index}'`);
  return { names: `{${list.join(", ")}}` };
}

function model(
  outputs: readonly ConstantOutput[],
  { inputs = [IMAGES], metadata = {} }: {
    readonly inputs?: readonly DeclaredPort[];
    readonly metadata?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array {
  return onnxModel({ inputs, outputs, metadata });
}

const ROWS = output("output0", [1, 6, 84]);

/** A model whose one output comes from an operator of that name. */
function withOperator(operator: string, domain = ""): Uint8Array {
  const port = (field: number, name: string, dims: readonly number[]) => {
    const shape = message(2, dims.map((size) => message(1, [number(1, size)])));
    return message(field, [text(1, name), message(2, [message(1, [number(1, 1), shape])])]);
  };
  const node = [text(1, "images"), text(2, "output0"), text(4, operator)];
  const graph = message(7, [
    message(1, domain === "" ? node : [...node, text(7, domain)]),
    text(2, "test"),
    port(11, "images", [1, 3, 64, 64]),
    port(12, "output0", [1, 6, 84]),
  ]);
  const opset = message(8, [text(1, ""), number(2, 17)]);
  const own = domain === "" ? [] : [message(8, [text(1, domain), number(2, 1)])];
  return join([number(1, 8), graph, opset, ...own]);
}

function bytesOf(start: string, length = 64): Uint8Array {
  const content = new Uint8Array(length).fill(1);
  content.set(new TextEncoder().encode(start));
  return content;
}

function external(): Uint8Array {
  return modelsWith(externalFields("weights.bin")).get("an initializer") ?? assert.fail();
}

interface Case {
  readonly is: string;
  readonly bytes: Uint8Array;
  readonly code?: string;
  readonly says: RegExp;
  readonly remedy: RegExp;
}

const OTHER_TASKS: readonly [task: string, size: number[], says: RegExp, remedy: RegExp][] = [
  ["pose", [1, 56, 84], /pose model/, /yolo11n\.pt instead of yolo11n-pose/],
  ["obb", [1, 6, 84], /rotated boxes \(OBB\)/, /instead of yolo11n-obb/],
  ["segment", [1, 37, 84], /segmentation model/, /instead of yolo11n-seg/],
  ["classify", [1, 1000], /classifier/, /instead of yolo11n-cls/],
  ["depth", [1, 64, 64], /its task is "depth"/, /detection model/],
];

const TASKS = OTHER_TASKS.map(([task, size, says, remedy]): Case => ({
  is: `an Ultralytics model for ${task}`,
  bytes: model([output("output0", size)], { metadata: { task, ...names(1) } }),
  ...{ says, remedy },
}));

const FORMS: readonly Case[] = [
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

const INPUTS: readonly Case[] = [
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
    is: "an unknown second one",
    bytes: input({}, [{ name: "anchors", dims: [1, 16] }]),
    says: /takes "anchors" float32 \[1, 16\] beside the picture/,
    remedy: /README/,
  },
];

const OTHER_FILES: readonly [is: string, bytes: Uint8Array, says: RegExp][] = [
  ["empty", new Uint8Array(0), /an empty file/],
  ["text", new TextEncoder().encode("These are not weights.\n"), /a text file/],
  ["a Git LFS pointer", bytesOf("version https://git-lfs.github.com/spec/v1"), /Git LFS pointer/],
  ["PyTorch", bytesOf("PK\x03\x04"), /PyTorch/],
  ["TensorFlow Lite", bytesOf("\x1c\0\0\0TFL3"), /TensorFlow Lite/],
  ["half of a model", smallModel().subarray(0, 60), /not all of one/],
  ["ONNX Runtime's own format", bytesOf("\x1c\0\0\0ORTM"), /ONNX Runtime's own format/],
];

const FILES = OTHER_FILES.map(([is, bytes, says]): Case => ({
  ...{ is: `a file: ${is}`, bytes, says },
  code: "MODEL_INVALID",
  remedy: /complete \.onnx file/,
}));

const GRAPHS: readonly Case[] = [
  {
    is: "weights in another file",
    bytes: external(),
    code: "MODEL_EXTERNAL_DATA",
    says: /weights in another file, "weights\.bin"/,
    remedy: /one file/,
  },
  {
    is: "compiled for one provider",
    bytes: withOperator("EPContext", "com.microsoft"),
    code: "MODEL_INVALID",
    says: /compiled for one execution provider/,
    remedy: /complete/,
  },
  {
    is: "a plugin of TensorRT",
    bytes: withOperator("EfficientNMS_TRT"),
    says: /EfficientNMS_TRT, which is a plugin of TensorRT/,
    remedy: /--end2end --max-wh 640/,
  },
  {
    is: "an operator of another runtime",
    bytes: withOperator("NMSRotated", "mmdeploy"),
    says: /NMSRotated, which ONNX Runtime does not have/,
    remedy: /standard operators/,
  },
  {
    is: "a newer format",
    bytes: join([withOperator("Identity"), number(1, 99)]),
    says: /a newer format than this ONNX Runtime reads/,
    remedy: /older version/,
  },
];

for (const one of [...TASKS, ...FORMS, ...INPUTS, ...FILES, ...GRAPHS]) {
  Deno.test(`refused: ${one.is} is said in one line, with the way on`, async () => {
    const { code, message: said, remedy } = await refusalOf(one.bytes);
    assert.equal(code, one.code ?? "MODEL_UNSUPPORTED", said);
    assert.match(said, one.says);
    assert.match(said, /^Cannot (?:use|load) model "m\.onnx"[^\n]*\.$/);
    assert.match(remedy, one.remedy);
  });
}

Deno.test("refused: a family that the outputs do not suit", async () => {
  const settings = { family: "nanodet-plus", preprocess: {} } as const;
  const { message: said, remedy } = await refusalOf(model([ROWS]), { settings });
  assert.match(said, /\[1, 6, 84\], which does not suit NanoDet-Plus/);
  assert.match(remedy, /family/);
  const other = await refusalOf(model([ROWS]), { settings: { ...settings, family: "detr" } });
  assert.match(other.message, /\[1, 6, 84\], which does not suit family detr/);
});
