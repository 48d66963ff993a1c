import assert from "node:assert/strict";
import { ModelError } from "../../../src/core/errors.ts";
import {
  type ModelContract,
  modelContract,
  type ModelFile,
} from "../../../src/inference/contract.ts";
import type { TensorPort } from "../../../src/inference/graph/model_graph.ts";
import { DEFAULT_INPUT_PIXELS } from "../../../src/core/model_input.ts";
import { loadModel, refusalOf } from "../../support/models/load.ts";
import { onnxModel } from "../../support/models/onnx.ts";

function port(name: string, dims: TensorPort["dims"], type: string | null = "float32"): TensorPort {
  return { name, type, dims };
}

const IMAGES = port("images", [1, 3, null, null]);
const PAIR = [port("boxes", [1, null, 4]), port("scores", [1, null, 80])];

function file(inputs: readonly TensorPort[], outputs: readonly TensorPort[] = PAIR): ModelFile {
  const header = { irVersion: 8, producer: "", metadata: new Map<string, string>() };
  return { model: "m.onnx", ports: { inputs, outputs }, header, triedAt: null };
}

function contractOf(inputs: readonly TensorPort[]): ModelContract {
  return modelContract(file(inputs)) ?? assert.fail("sizes are missing");
}

Deno.test("contract: an input without a size is free, a fixed one stays, one side leaves the other", () => {
  assert.deepEqual(contractOf([IMAGES]).input, {
    size: { kind: "free", maxPixels: DEFAULT_INPUT_PIXELS, stepPx: 32 },
    placement: "centre",
    bars: 114 / 255,
  });
  const sizeOf = (height: number | null, width: number | null) =>
    contractOf([port("x", [null, 3, height, width])]).input.size;
  assert.deepEqual(sizeOf(384, 640), { kind: "fixed", width: 640, height: 384 });
  assert.deepEqual(sizeOf(null, 640), { kind: "fixed", width: 640, height: 256 });
  assert.deepEqual(sizeOf(320, null), { kind: "fixed", width: 544, height: 320 });
});

Deno.test("contract: where the channels of an input are shows its layout", () => {
  const imageOf = (dims: TensorPort["dims"], type = "float32") => {
    const { layout, width, height, batch, isBatched } = contractOf([port("x", dims, type)]).image;
    return [layout, width, height, batch, isBatched];
  };
  assert.deepEqual(imageOf([1, 3, 48, 64]), ["nchw", 64, 48, 1, true]);
  assert.deepEqual(imageOf([null, null, null, 3], "uint8"), ["nhwc", null, null, 1, true]);
  assert.deepEqual(imageOf([null, null, null, null]), ["nchw", null, null, 1, true]);
  assert.deepEqual(imageOf([4, 3, 48, 64]), ["nchw", 64, 48, 4, true]);
  assert.deepEqual(imageOf([3, 48, 64]), ["nchw", 64, 48, 1, false]);
  assert.deepEqual(imageOf([48, 64, 3]), ["nhwc", 64, 48, 1, false]);
});

Deno.test("contract: what is configured overrules what the family takes", () => {
  const preprocess = { colour: "bgr", resize: "stretch", pad: 0 } as const;
  const contract = modelContract(file([IMAGES]), { family: "auto", preprocess });
  assert.ok(contract !== null);
  assert.deepEqual(contract.preprocess, {
    ...{ colour: "bgr", scale: 1, mean: [0, 0, 0], std: [1, 1, 1], resize: "stretch", pad: 0 },
  });
  assert.deepEqual([contract.input.placement, contract.input.bars], ["stretch", 0]);
});

Deno.test("contract: outputs without sizes are asked for, and then decide", () => {
  const unknown = file([IMAGES], [port("output0", [null, null, null])]);
  assert.equal(modelContract(unknown), null);
  const tried = (dims: readonly number[]) => ({
    ...file([IMAGES], [port("output0", dims)]),
    triedAt: { width: 320, height: 320 },
  });
  assert.equal(modelContract(tried([1, 84, 2100]))?.family.name, "yolo");
  assert.equal(modelContract(tried([1, 2100, 85]))?.family.name, "yolox");
  assert.equal(modelContract(tried([1, 6300, 85]))?.family.name, "yolov5");
  assert.equal(modelContract(tried([1, 300, 6]))?.family.name, "yolo-end2end");
  assert.throws(() => modelContract(tried([1, 50, 7])), ModelError);
});

Deno.test("contract: of a width of six, the number of boxes decides", () => {
  const familyOf = (cells: number) => {
    const images = port("images", [1, 3, 320, 320]);
    return modelContract(file([images], [port("output", [1, cells, 6])]))?.family.name;
  };
  assert.equal(familyOf(300), "yolo-end2end");
  assert.equal(familyOf(6300), "yolov5");
  assert.equal(familyOf(2100), "yolox");
});

Deno.test("contract: a file without the sizes of its outputs is run once for them", async () => {
  const values = Array.from({ length: 6 * 2100 }, () => 0.25);
  const dynamic = (size: readonly number[]) =>
    onnxModel({
      inputs: [{ name: "images", dims: ["batch", 3, "height", "width"] }],
      outputs: [{ name: "output0", dims: ["batch", "rows", "cells"], size, values }],
      metadata: { names: "{0: 'helmet', 1: 'vest'}" },
    });
  await using model = await loadModel(dynamic([1, 6, 2100]), { classes: ["vest"] });
  assert.match(model.family, /^YOLO /);
  assert.deepEqual([model.labels, model.columns], [["helmet", "vest"], [1]]);
  const { message } = await refusalOf(dynamic([1, 2100, 6].toReversed()));
  assert.match(message, /\[6, 2100, 1\]/);
});
