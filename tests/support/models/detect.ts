/** What Orion finds with a model in a picture without anything on it. */
import assert from "node:assert/strict";
import type { Fit } from "../../../src/core/geometry.ts";
import { bufferBytes, COMMON_SHAPE, inputFor } from "../../../src/core/model_input.ts";
import { selectClasses } from "../../../src/inference/labels.ts";
import type { Model } from "../../../src/inference/model.ts";
import { Postprocessor } from "../../../src/inference/postprocess.ts";

/** A detection: its class, confidence, and x1, y1, x2, y2 in pixels of the input, rounded. */
export type Found = readonly [string, number, number, number, number, number];

/** The least confidence of what is found. */
const CONFIDENCE = 0.3;
/** Room around the picture, so that no box is clipped. */
const MARGIN_PX = 1000;

/** Runs a model as a detector does. @param fill  writes the picture */
export async function detect(
  model: Model,
  classes: readonly (string | number)[] | null = null,
  fill: (tensor: Float32Array) => void = () => undefined,
): Promise<Found[]> {
  const { labels, columns, overlaps } = model;
  const postprocessor = new Postprocessor({
    ...{ labels, columns, classes: selectClasses(labels, classes, "m") },
    iou: overlaps ? 0.5 : null,
  });
  const tensor = new ArrayBuffer(bufferBytes(model.input));
  fill(new Float32Array(tensor));
  const raw = await model.run(tensor, inputFor(model.input, COMMON_SHAPE));
  const around = { width: 2 * MARGIN_PX, height: 2 * MARGIN_PX };
  const crop = { x: -MARGIN_PX, y: -MARGIN_PX, ...around };
  const fit: Fit = { crop, ...around, dx: -MARGIN_PX, dy: -MARGIN_PX };
  const { detections, invalid } = postprocessor.run(raw, fit, CONFIDENCE);
  assert.equal(invalid, null);
  return detections.map(({ class: name, confidence, box: { x, y, width, height } }) => [
    ...[name, rounded(confidence)] as const,
    ...[rounded(x), rounded(y), rounded(x + width), rounded(y + height)] as const,
  ]);
}

/** To thousandths. */
export function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
