import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import {
  DEFAULT_MAX_PIXELS,
  modelContract,
  type ModelPorts,
  rawDetections,
  type TensorPort,
} from "../../../src/inference/contract.ts";

function port(name: string, dims: TensorPort["dims"], type: string | null = "float32"): TensorPort {
  return { name, type, dims };
}

const IMAGES = port("images", [1, 3, null, null]);
const PAIR = [port("boxes", [1, null, 4]), port("scores", [1, null, 80])];

function refused(ports: ModelPorts): string {
  try {
    modelContract(ports, "m.onnx");
  } catch (error) {
    assert.ok(error instanceof ModelError && error.code === "MODEL_UNSUPPORTED");
    assert.match(error.remedy, /one float32 input \[1, 3, height, width\]/);
    return error.message;
  }
  return assert.fail("it was accepted");
}

Deno.test("contract: an input without a size is free, a fixed one stays, one side leaves the other", () => {
  const dynamic = modelContract({ inputs: [IMAGES], outputs: PAIR }, "m");
  assert.deepEqual(dynamic.input, {
    size: { kind: "free", maxPixels: DEFAULT_MAX_PIXELS, stepPx: 32 },
    placement: "centre",
    bars: 114 / 255,
  });
  assert.equal(dynamic.inputName, "images");
  assert.equal(dynamic.layout.kind, "boxes-scores");
  const sizeOf = (height: number | null, width: number | null) =>
    modelContract({ inputs: [port("x", [null, 3, height, width])], outputs: PAIR }, "m").input.size;
  assert.deepEqual(sizeOf(384, 640), { kind: "fixed", width: 640, height: 384 });
  assert.deepEqual(sizeOf(null, 640), { kind: "fixed", width: 640, height: 256 });
  assert.deepEqual(sizeOf(320, null), { kind: "fixed", width: 544, height: 320 });
});

Deno.test("contract: YOLOv8's single output is understood", () => {
  for (const dims of [[1, 84, 8400], [1, 84, null], [null, 5, 3549]]) {
    const { layout } = modelContract({ inputs: [IMAGES], outputs: [port("output0", dims)] }, "m");
    assert.deepEqual(layout, { kind: "rows", output: "output0" });
  }
});

Deno.test("contract: other inputs are refused with an error that lists them", () => {
  const cases: { inputs: TensorPort[]; found: RegExp }[] = [
    { inputs: [port("x", [1, 1, 28, 28])], found: /"x" float32 \[1, 1, 28, 28\]/ },
    { inputs: [port("x", [1, 3, 416, 416], "uint8")], found: /uint8/ },
    { inputs: [port("x", [1, 416, 416, 3])], found: /\[1, 416, 416, 3\]/ },
    { inputs: [port("x", [8, 3, 416, 416])], found: /\[8, 3/ },
    { inputs: [port("x", [1, 3, 100_000, 416])], found: /100000/ },
    { inputs: [port("x", [1, 3, 8, 8])], found: /\[1, 3, 8, 8\]/ },
    { inputs: [port("x", [], null)], found: /not a tensor/ },
    { inputs: [IMAGES, port("extra", [1])], found: /"images".* and "extra"/ },
    { inputs: [], found: /missing/ },
  ];
  for (const { inputs, found } of cases) assert.match(refused({ inputs, outputs: PAIR }), found);
});

Deno.test("contract: other outputs are refused with an error that lists them", () => {
  const cases: { outputs: TensorPort[]; found: RegExp }[] = [
    { outputs: [port("output0", [1, 25200, 85])], found: /\[1, 25200, 85\]/ },
    { outputs: [port("output0", [1, 300, 6])], found: /\[1, 300, 6\]/ },
    { outputs: [port("logits", [1, 1000])], found: /\[1, 1000\]/ },
    { outputs: [port("o", [1, null, null])], found: /\[1, \?, \?\]/ },
    {
      outputs: [port("boxes", [1, null, 5]), port("scores", [1, null, 80])],
      found: /\[1, \?, 5\]/,
    },
    { outputs: [port("a", [1, 9, 4]), port("b", [1, 9, 80])], found: /"a"/ },
    { outputs: [port("boxes", [1, 9, 4], "float16"), PAIR[1] ?? IMAGES], found: /float16/ },
    { outputs: [], found: /missing/ },
  ];
  for (const { outputs, found } of cases) {
    assert.match(refused({ inputs: [IMAGES], outputs }), found);
  }
});

Deno.test("contract: both families are read through one view", () => {
  const pair = rawDetections(
    { kind: "boxes-scores", boxes: "boxes", scores: "scores" },
    (name) =>
      name === "boxes"
        ? { dims: [1, 2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) }
        : { dims: [1, 2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) },
    "m",
  );
  assert.deepEqual([pair.cells, pair.classes], [2, 3]);
  const rows = rawDetections(
    { kind: "rows", output: "o" },
    () => ({ dims: [1, 6, 2], data: Float32Array.from({ length: 12 }, (_, at) => at) }),
    "m",
  );
  assert.deepEqual([rows.cells, rows.classes], [2, 2]);
  const side = (raw: typeof rows, cell: number, k: number) =>
    raw.boxes[cell * raw.boxCellStride + k * raw.boxSideStride];
  const score = (raw: typeof rows, cell: number, c: number) =>
    raw.scores[raw.scoreOffset + cell * raw.scoreCellStride + c * raw.scoreClassStride];
  assert.deepEqual([side(pair, 1, 0), side(pair, 1, 3), score(pair, 1, 2)], [5, 8, 5]);
  assert.deepEqual([side(rows, 1, 0), side(rows, 1, 3), score(rows, 1, 1)], [1, 7, 11]);
});

Deno.test("contract: outputs of another size than declared are refused", () => {
  const data = new Float32Array(12);
  const pair = { kind: "boxes-scores", boxes: "boxes", scores: "scores" } as const;
  const dims: Record<string, number[]> = { boxes: [1, 3, 4], scores: [1, 2, 6] };
  const code = (error: unknown) =>
    error instanceof ModelError && error.code === "MODEL_UNSUPPORTED";
  const given = (name: string) => ({ dims: dims[name] ?? [], data });
  assert.throws(() => rawDetections(pair, given, "m"), code);
  assert.throws(() => rawDetections(pair, () => null, "m"), code);
  const four = () => ({ dims: [1, 4, 3], data });
  assert.throws(() => rawDetections({ kind: "rows", output: "o" }, four, "m"), code);
});
