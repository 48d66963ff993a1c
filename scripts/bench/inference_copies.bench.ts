/**
 * Shows that a tensor is passed to ONNX Runtime, and its outputs back, without a copy by the binding: a model
 * that ignores its input takes as long for 0.2 MB as for 200 MB; and one whose output is a constant, which
 * ONNX Runtime copies once, takes about as long as one copy, not as two. Compare the minima.
 *
 *     deno task bench scripts/bench/inference_copies.bench.ts
 */
import { inputBytes, inputFor } from "../../src/core/model_input.ts";
import { ModelSession } from "../../src/inference/session.ts";
import { onnxModel } from "../../tests/support/models/onnx.ts";

/** Cells with a box and two scores. */
const FEW_CELLS = 8;
const MANY_CELLS = 700_000;
const ROWS = 6;

async function load(sidePx: number, cells: number): Promise<ModelSession> {
  const dims = [1, ROWS, cells];
  const values = Array.from({ length: ROWS * cells }, (_, at) => (at % 10) / 10);
  const path = await Deno.makeTempFile({ suffix: ".onnx" });
  await Deno.writeFile(
    path,
    onnxModel({
      inputs: [{ name: "images", dims: [1, 3, sidePx, sidePx] }],
      outputs: [{ name: "output0", dims, size: dims, values }],
    }),
  );
  return await ModelSession.load({ path, threads: 1 });
}

for (const sidePx of [128, 4096]) {
  const session = await load(sidePx, FEW_CELLS);
  const size = inputFor(session.input, { width: 1, height: 1 });
  const tensor = new ArrayBuffer(inputBytes(size));
  const name = `${(tensor.byteLength / 1e6).toFixed(1)} MB`;
  Deno.bench({ name, group: "passing an input", n: 200, warmup: 20 }, async () => {
    await session.run(tensor, size);
  });
}

const session = await load(128, MANY_CELLS);
const size = inputFor(session.input, { width: 1, height: 1 });
const tensor = new ArrayBuffer(inputBytes(size));
const values = new Float32Array(ROWS * MANY_CELLS).fill(1);
const group = `an output of ${(values.byteLength / 1e6).toFixed(1)} MB`;
Deno.bench({ name: "a run that gives it", group, n: 100, warmup: 10 }, async () => {
  await session.run(tensor, size);
});
Deno.bench({ name: "one copy of as much", group, n: 100, warmup: 10 }, () => {
  values.slice();
});
