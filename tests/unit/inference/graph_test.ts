import assert from "node:assert/strict";
import fc from "fast-check";
import type { Preprocess } from "../../../src/core/model_families.ts";
import { editGraph, portField } from "../../../src/inference/graph/edit_graph.ts";
import { ELEMENT_TYPES, readPorts } from "../../../src/inference/graph/model_graph.ts";
import { scanModel } from "../../../src/inference/model_scan.ts";
import { smallModel } from "../../support/models/external_data.ts";
import { loadModel } from "../../support/models/load.ts";
import { bytes, join, message, number, onnxModel, text } from "../../support/models/onnx.ts";

const SIDE = 32;
const PIXELS = SIDE * SIDE;

/** A level for each channel and pixel, of those that a picture of 8 bits has. */
function levelOf(channel: number, pixel: number): number {
  return (pixel * 7 + channel * 85) % 256;
}

interface Input {
  readonly type: string;
  readonly dims: readonly number[];
}

/** A model that gives the values of its input as scores, in their order, and as many empty boxes. */
function echo({ type, dims }: Input): Uint8Array {
  const count = dims.reduce((product, size) => product * size, 1);
  const batch = dims.length === 4 ? dims[0] ?? 1 : 1;
  const size = [batch, count / batch, 1];
  const node = (operator: string, inputs: string[], output: string, ...more: Uint8Array[]) =>
    message(1, [
      ...inputs.map((name) => text(1, name)),
      ...[text(2, output), text(4, operator), ...more],
    ]);
  const toFloat = message(5, [text(1, "to"), number(3, 1), number(20, 2)]);
  const tensor = (name: string, element: string, dims: readonly number[], values: Uint8Array) =>
    message(5, [
      ...dims.map((one) => number(1, one)),
      ...[number(2, ELEMENT_TYPES[element] ?? 0), text(8, name), bytes(9, values)],
    ]);
  const shape = new Uint8Array(BigInt64Array.from(size, BigInt).buffer);
  const boxes = [batch, count / batch, 4];
  const graph = message(7, [
    node("Cast", ["images"], "levels", toFloat),
    node("Reshape", ["levels", "shape"], "scores"),
    node("Identity", ["nowhere"], "boxes"),
    text(2, "echo"),
    tensor("shape", "int64", [3], shape),
    tensor("nowhere", "float32", boxes, new Uint8Array(4 * 4 * count)),
    portField(11, { name: "images", type, dims }),
    portField(12, { name: "boxes", type: "float32", dims: boxes }),
    portField(12, { name: "scores", type: "float32", dims: size }),
  ]);
  const opset = message(8, [text(1, ""), number(2, 17)]);
  return join([number(1, 8), graph, opset]);
}

/** What such a model gets of the picture of {@link levelOf}. @param apart  added to each level */
async function received(
  input: Input,
  preprocess: Partial<Preprocess> = {},
  apart = 0,
): Promise<number[]> {
  const settings = { family: "boxes-scores", preprocess } as const;
  await using model = await loadModel(echo(input), { settings });
  const tensor = new Float32Array(3 * PIXELS);
  for (let at = 0; at < tensor.length; at++) {
    tensor[at] = (levelOf(Math.floor(at / PIXELS), at % PIXELS) + apart) / 255;
  }
  const { scores } = await model.run(tensor.buffer, { width: SIDE, height: SIDE });
  assert.ok(scores.kind === "classes");
  return [...scores.data];
}

/** The same by the definition: for each value of the input, channel and pixel. */
function expected(
  value: (channel: number, pixel: number) => number,
  order: "nchw" | "nhwc" = "nchw",
): number[] {
  return Array.from(
    { length: 3 * PIXELS },
    (_, at) =>
      order === "nchw"
        ? value(Math.floor(at / PIXELS), at % PIXELS)
        : value(at % 3, Math.floor(at / 3)),
  );
}

function assertClose(
  actual: readonly number[],
  wanted: readonly number[],
  tolerance: number,
): void {
  assert.equal(actual.length, wanted.length);
  const worst = Math.max(...actual.map((value, at) => Math.abs(value - (wanted[at] ?? 0))));
  assert.ok(worst <= tolerance, `${worst} apart`);
}

const NCHW = [1, 3, SIDE, SIDE];

Deno.test("graph: a model that takes what Orion writes is loaded as it is", async () => {
  const values = await received({ type: "float32", dims: NCHW });
  assert.deepEqual(
    values,
    expected((channel, pixel) => Math.fround(levelOf(channel, pixel) / 255)),
  );
});

Deno.test("graph: colour, scale, mean and deviation reach the model, each channel with its own", async () => {
  const mean = [103.5, 116.3, 123.7] as const;
  const std = [57.4, 57.1, 58.4] as const;
  const values = await received({ type: "float32", dims: NCHW }, {
    ...{ colour: "bgr", scale: 255, mean, std },
  });
  const wanted = expected((channel, pixel) =>
    (levelOf(2 - channel, pixel) - (mean[channel] ?? 0)) / (std[channel] ?? 1)
  );
  assertClose(values, wanted, 1e-5);
});

Deno.test("graph: levels between two whole ones are rounded to the nearer", async () => {
  for (const apart of [0.25, -0.25]) {
    const values = await received({ type: "uint8", dims: NCHW }, {}, apart);
    // A picture has no levels below 0.
    assert.deepEqual(
      values.filter((value) => value > 0),
      expected(levelOf).filter((level) => level > 0),
    );
  }
});

Deno.test("graph: whole levels are exact, with channels first and last", async () => {
  const first = await received({ type: "uint8", dims: NCHW });
  assert.deepEqual(first, expected(levelOf));
  const last = await received({ type: "uint8", dims: [1, SIDE, SIDE, 3] });
  assert.deepEqual(last, expected(levelOf, "nhwc"));
  const turned = await received({ type: "uint8", dims: [1, SIDE, SIDE, 3] }, { colour: "bgr" });
  assert.deepEqual(turned, expected((channel, pixel) => levelOf(2 - channel, pixel), "nhwc"));
});

Deno.test("graph: half precision and double precision, and an input without a batch", async () => {
  const wanted = expected((channel, pixel) => levelOf(channel, pixel) / 255);
  assertClose(await received({ type: "float16", dims: NCHW }), wanted, 1 / 2048);
  assertClose(await received({ type: "float64", dims: NCHW }), wanted, 1e-7);
  assertClose(await received({ type: "float32", dims: [3, SIDE, SIDE] }), wanted, 1e-7);
  const last = expected((channel, pixel) => levelOf(channel, pixel) / 255, "nhwc");
  assertClose(await received({ type: "float32", dims: [SIDE, SIDE, 3] }), last, 1e-7);
});

Deno.test("graph: a fixed batch gets the picture in each place, and the first is read", async () => {
  const values = await received({ type: "float32", dims: [4, 3, SIDE, SIDE] });
  assert.deepEqual(
    values,
    expected((channel, pixel) => Math.fround(levelOf(channel, pixel) / 255)),
  );
});

Deno.test("graph: classes that are not wanted are cut off, and the others keep their numbers", async () => {
  const scores = Array.from({ length: 5 * 4 }, (_, at) => at / 100);
  const model = onnxModel({
    inputs: [{ name: "images", dims: [1, 3, 64, 64] }],
    outputs: [
      { name: "boxes", dims: [1, 5, 4], size: [1, 5, 4], values: scores },
      { name: "scores", dims: [1, 5, 4], size: [1, 5, 4], values: scores },
    ],
    metadata: { names: "['a', 'b', 'c', 'd']" },
  });
  await using cut = await loadModel(model, { classes: ["d", 1] });
  assert.deepEqual([cut.labels, cut.columns], [["a", "b", "c", "d"], [1, 3]]);
  const raw = await cut.run(new ArrayBuffer(3 * 64 * 64 * 4), { width: 64, height: 64 });
  assert.ok(raw.scores.kind === "classes");
  const wanted = scores.filter((_, at) => at % 4 === 1 || at % 4 === 3).map(Math.fround);
  assert.deepEqual([...raw.scores.data], wanted);
});

Deno.test("graph: what is not changed stays byte for byte, and the result is a model of one file", () => {
  const model = smallModel();
  const edit = {
    ...{ inputs: [], before: [], after: [], constants: [], outputs: [] },
    replacedInputs: new Set<string>(),
    keptOutputs: new Set(["output0"]),
  };
  const same = editGraph(model, edit);
  assert.deepEqual(readPorts(same), readPorts(model));
  assert.equal(same.length, model.length);
  const other = editGraph(model, {
    ...edit,
    replacedInputs: new Set(["images"]),
    inputs: [{ name: "picture", type: "uint8", dims: [1, "h", "w", 3] }],
    keptOutputs: new Set<string>(),
    outputs: [{ name: "output1", type: "float16" }],
  });
  assert.deepEqual(readPorts(other), {
    inputs: [{ name: "picture", type: "uint8", dims: [1, null, null, 3] }],
    outputs: [{ name: "output1", type: "float16", dims: [] }],
  });
  assert.deepEqual(scanModel(other).state, "self-contained");
});

Deno.test("graph: whatever a file declares, its ports are read or missing", () => {
  const model = smallModel();
  fc.assert(fc.property(fc.nat(model.length - 1), fc.nat(255), (at, value) => {
    const damaged = model.slice();
    damaged[at] = value;
    const { inputs, outputs } = readPorts(damaged);
    for (const { dims } of [...inputs, ...outputs]) {
      assert.ok(dims.every((dim) => dim === null || Number.isSafeInteger(dim) && dim > 0));
    }
  }));
});

Deno.test("graph: an input that has a value in the file is none", () => {
  const [images] = readPorts(smallModel()).inputs;
  const extra = message(7, [portField(11, { name: "output0_values", type: "float32", dims: [1] })]);
  assert.deepEqual(readPorts(join([smallModel(), extra])).inputs, [images]);
});
