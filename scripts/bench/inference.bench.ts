/**
 * Measures inference: ONNX Runtime alone for both bundled models, the postprocessing of the output, and the
 * sharpness of one detection.
 *
 *     deno task bench scripts/bench/inference.bench.ts
 */
import { letterbox } from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { Postprocessor } from "../../src/inference/postprocess.ts";
import type { RawDetections } from "../../src/inference/raw_detections.ts";
import { ModelSession } from "../../src/inference/session.ts";
import { sharpnessOf } from "../../src/inference/sharpness.ts";

const SIZE = { width: 640, height: 384 };
const MODELS = { "nanodet-g": "nanodet-g.onnx", "nanodet-g-int8": "nanodet-g-int8.onnx" };

for (const [name, file] of Object.entries(MODELS)) {
  const path = Deno.realPathSync(new URL(`../../models/${file}`, import.meta.url));
  const session = await ModelSession.load({ path, threads: 1 });
  const tensor = picture(inputBytes(SIZE));
  const group = `ONNX Runtime, ${SIZE.width} x ${SIZE.height}, one thread`;
  Deno.bench({ name, group, n: 50, warmup: 5 }, async () => {
    await session.run(tensor, SIZE);
  });

  const alone = await ModelSession.load({ path, threads: 1, classes: ["person"] });
  Deno.bench({ name: `${name}, scores of one class`, group, n: 50, warmup: 5 }, async () => {
    await alone.run(tensor, SIZE);
  });

  if (name !== "nanodet-g") continue;
  const raw = await session.run(tensor, SIZE);
  const fit = letterbox({ x: 0, y: 0, width: 1280, height: 720 }, SIZE);
  const { labels } = session;
  const processor = (classes: readonly number[]) =>
    new Postprocessor({ labels, classes, iou: 0.5 });
  const person = processor([0]);
  const every = processor(labels.map((_, index) => index));
  const { scores } = raw;
  if (scores.kind !== "classes") throw new TypeError("the bundled models score every class");
  const withScores = (score: (at: number) => number): RawDetections => ({
    ...raw,
    scores: { ...scores, data: scores.data.map((_, at) => score(at)) },
  });
  const crowd = withScores((at) => at % 80 === 0 ? 0.5 : 0);
  const mixed = withScores((at) => 0.5 + (at * 7919 % 3547) / 8000);
  const cost = `after it, ${raw.cells} cells`;
  Deno.bench({ name: "one class", group: cost }, () => void person.run(raw, fit, 0.45));
  const rawAlone = await alone.run(tensor, SIZE);
  const { columns } = alone;
  const personAlone = new Postprocessor({ labels, columns, classes: [0], iou: 0.5 });
  Deno.bench({ name: "one class, of which alone there are scores", group: cost }, () => {
    personAlone.run(rawAlone, fit, 0.45);
  });
  Deno.bench({ name: "80 classes", group: cost }, () => void every.run(raw, fit, 0.45));
  Deno.bench({ name: "one class, every cell a candidate", group: cost }, () => {
    person.run(crowd, fit, 0.45);
  });
  Deno.bench({ name: "one class, every cell a candidate, scores mixed", group: cost }, () => {
    person.run(mixed, fit, 0.45);
  });
  Deno.bench({ name: "one class, for the tracker from 0.1 on", group: cost }, () => {
    person.run(raw, fit, 0.45, 0.1);
  });
  const seen = { tensor: new Float32Array(tensor), fit };
  const sharpness = "sharpness of one detection";
  for (const side of [60, 200, 700]) {
    const box = { x: 10, y: 10, width: side, height: side };
    Deno.bench({ name: `${side} px`, group: sharpness }, () => void sharpnessOf(box, seen));
  }
}

/** A tensor that is not blank. */
function picture(bytes: number): ArrayBuffer {
  const values = new Float32Array(bytes / Float32Array.BYTES_PER_ELEMENT);
  for (let at = 0; at < values.length; at++) values[at] = (at % 251) / 251;
  return values.buffer;
}
