/**
 * What inference costs: ONNX Runtime alone for both bundled models, and what Orion does with the answer.
 *
 *     deno task bench scripts/bench/inference.bench.ts
 */
import { letterbox } from "../../src/core/geometry.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { Postprocessor } from "../../src/inference/postprocess.ts";
import { ModelSession } from "../../src/inference/session.ts";

const MODELS = { "nanodet-g": "nanodet-g.onnx", "nanodet-g-int8": "nanodet-g-int8.onnx" };

for (const [name, file] of Object.entries(MODELS)) {
  const path = Deno.realPathSync(new URL(`../../models/${file}`, import.meta.url));
  const session = await ModelSession.load({ path, threads: 1 });
  const tensor = picture(inputBytes(session.input));
  const group = "ONNX Runtime, 416 x 416, one thread";
  Deno.bench({ name, group, n: 50, warmup: 5 }, async () => {
    await session.run(tensor);
  });

  if (name !== "nanodet-g") continue;
  const raw = await session.run(tensor);
  const fit = letterbox({ x: 0, y: 0, width: 1280, height: 720 }, session.input);
  const { labels } = session;
  const processor = (classes: readonly number[]) =>
    new Postprocessor({ labels, classes, iou: 0.5 });
  const person = processor([0]);
  const every = processor(labels.map((_, index) => index));
  const crowd = { ...raw, scores: raw.scores.map((_, at) => at % 80 === 0 ? 0.5 : 0) };
  const cost = "after it, 3549 cells";
  Deno.bench({ name: "one class", group: cost }, () => void person.run(raw, fit, 0.45));
  Deno.bench({ name: "80 classes", group: cost }, () => void every.run(raw, fit, 0.45));
  Deno.bench({ name: "one class, every cell a candidate", group: cost }, () => {
    person.run(crowd, fit, 0.45);
  });
}

/** A tensor with something in it. */
function picture(bytes: number): ArrayBuffer {
  const values = new Float32Array(bytes / Float32Array.BYTES_PER_ELEMENT);
  for (let at = 0; at < values.length; at++) values[at] = (at % 251) / 251;
  return values.buffer;
}
