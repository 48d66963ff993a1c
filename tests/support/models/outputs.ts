/** The output of a model for one frame, as its family reads it. */
import assert from "node:assert/strict";
import { BOXES_SCORES } from "../../../src/inference/families/boxes_scores.ts";
import type { Family, ModelFacts, OutputTensor } from "../../../src/inference/families/family.ts";
import { YOLO } from "../../../src/inference/families/yolo.ts";
import type { RawDetections } from "../../../src/inference/raw_detections.ts";

/** An output with its name. */
export interface NamedTensor {
  readonly name: string;
  readonly type?: string;
  readonly dims: readonly number[];
  readonly values: readonly number[] | Float32Array;
}

/** What is known of a model with these outputs and an input of that size. */
export function factsOf(
  outputs: readonly NamedTensor[],
  { side = 64, ...more }: { readonly side?: number } & Partial<ModelFacts> = {},
): ModelFacts {
  return {
    image: {
      ...{ name: "images", type: "float32", layout: "nchw", isBatched: true, batch: 1 },
      ...{ width: side, height: side },
    },
    others: [],
    outputs: outputs.map(({ name, type = "float32", dims }) => ({ name, type, dims })),
    size: { width: side, height: side },
    metadata: new Map(),
    names: null,
    isChosen: true,
    ...more,
  };
}

/** Views outputs as a family does. */
export function viewOf(
  family: Family,
  outputs: readonly NamedTensor[],
  options: Parameters<typeof factsOf>[1] = {},
): RawDetections {
  const facts = factsOf(outputs, options);
  const matched = family.match(facts) ?? assert.fail(`${family.name} does not take them`);
  const tensors = matched.used.map(({ name }): OutputTensor => {
    const { dims, values } = outputs.find((one) => one.name === name) ?? assert.fail(name);
    return { dims, data: Float32Array.from(values) };
  });
  return matched.view(tensors, facts.size ?? assert.fail("no size")) ?? assert.fail("no view");
}

/** Cells with corners in pixels and a score for each class. */
export function pairOf(
  boxes: readonly number[],
  scores: readonly number[],
  classes: number,
): RawDetections {
  const cells = boxes.length / 4;
  return viewOf(BOXES_SCORES, [
    { name: "boxes", dims: [1, cells, 4], values: boxes },
    { name: "scores", dims: [1, cells, classes], values: scores },
  ]);
}

/** Rows of centres and sizes, and of a score for each class. */
export function rowsOf(rows: readonly (readonly number[])[]): RawDetections {
  const cells = rows[0]?.length ?? 0;
  const output = { dims: [1, rows.length, cells], data: Float32Array.from(rows.flat()) };
  const port = { name: "output0", dims: [1, rows.length, 8400], values: [] };
  const matched = YOLO.match(factsOf([port])) ?? assert.fail("no rows");
  return matched.view([output], { width: 64, height: 64 }) ?? assert.fail("no view");
}
