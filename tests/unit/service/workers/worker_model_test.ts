import assert from "node:assert/strict";
import { planWith } from "../../../../src/service/workers/worker_model.ts";
import { planFor } from "../../../support/workers/inference_worker.ts";

const VARIANT = { resolvedPath: null, maxPixels: 1000, int8: null };

Deno.test("worker model: what the configuration says of its model does not hold for others", () => {
  const preprocess = { colour: "bgr" } as const;
  const configured = planFor("/m/own.onnx", { model: "own.onnx", family: "yolox", preprocess });
  const other = planWith(
    { model: "other.onnx", modelPath: "/m/other.onnx", ...VARIANT },
    { ...configured, confidence: 0.9 },
    configured,
  );
  assert.deepEqual([other.family, other.preprocess, other.confidence], ["auto", {}, 0.9]);
  const back = planWith(
    { model: "own.onnx", modelPath: "/m/own.onnx", ...VARIANT },
    other,
    configured,
  );
  assert.deepEqual([back.family, back.preprocess], ["yolox", preprocess]);
});
