/**
 * Measures what is folded into a model's graph: colour, scale, mean and deviation before it, and the classes
 * that are not wanted behind it. The variants run in turn, so that other programs disturb all of them.
 *
 *     deno task bench scripts/bench/fold.ts [rounds]
 */
import { AUTO, type ModelSettings } from "../../src/core/model_families.ts";
import { inputBytes } from "../../src/core/model_input.ts";
import { letterbox } from "../../src/core/geometry.ts";
import { selectClasses } from "../../src/inference/labels.ts";
import { Postprocessor } from "../../src/inference/postprocess.ts";
import { ModelSession } from "../../src/inference/session.ts";
import { printLine } from "../lib/print.ts";
import { median } from "./median.ts";

const SIZE = { width: 640, height: 384 };
const DEFAULT_ROUNDS = 200;
const CONFIDENCE = 0.45;

interface Variant {
  readonly name: string;
  readonly classes: readonly string[] | null;
  readonly preprocess: ModelSettings["preprocess"];
}

const VARIANTS: readonly Variant[] = [
  { name: "80 classes", classes: null, preprocess: {} },
  { name: "one class", classes: ["person"], preprocess: {} },
  {
    name: "one class, BGR with mean and deviation",
    classes: ["person"],
    preprocess: { colour: "bgr", scale: 255, mean: [103.5, 116.3, 123.7], std: [57.4, 57.1, 58.4] },
  },
];

/** A variant with what it took. */
interface Measured {
  readonly name: string;
  readonly session: ModelSession;
  readonly postprocessor: Postprocessor;
  readonly runMs: number[];
  readonly afterMs: number[];
}

async function prepared(path: string, { name, classes, preprocess }: Variant): Promise<Measured> {
  const settings = { family: AUTO, preprocess } as const;
  const session = await ModelSession.load({ path, threads: 1, classes, settings });
  const { labels, columns } = session;
  const postprocessor = new Postprocessor({
    ...{ labels, columns, classes: selectClasses(labels, classes, name), iou: 0.5 },
  });
  return { name, session, postprocessor, runMs: [], afterMs: [] };
}

async function measure(file: string, rounds: number): Promise<void> {
  const path = Deno.realPathSync(new URL(`../../models/${file}`, import.meta.url));
  const all: Measured[] = [];
  for (const variant of VARIANTS) all.push(await prepared(path, variant));
  const values = new Float32Array(inputBytes(SIZE) / Float32Array.BYTES_PER_ELEMENT);
  values.forEach((_, at) => values[at] = (at % 251) / 251);
  const fit = letterbox({ x: 0, y: 0, ...SIZE }, SIZE);
  for (let round = 0; round < rounds; round++) {
    for (const { session, postprocessor, runMs, afterMs } of all) {
      const startedAt = performance.now();
      const raw = await session.run(values.buffer, SIZE);
      const ranAt = performance.now();
      postprocessor.run(raw, fit, CONFIDENCE);
      runMs.push(ranAt - startedAt);
      afterMs.push(performance.now() - ranAt);
    }
  }
  printLine(`${file}, ${SIZE.width} x ${SIZE.height}, ${rounds} rounds: fastest and median ms`);
  for (const { name, runMs, afterMs, session } of all) {
    const figures = [Math.min(...runMs), median(runMs), Math.min(...afterMs), median(afterMs)];
    const [run = 0, middle = 0, after = 0, afterMiddle = 0] = figures;
    printLine(
      `  ${name.padEnd(40)} run ${run.toFixed(2)} ${middle.toFixed(2)}   ` +
        `after it ${after.toFixed(3)} ${afterMiddle.toFixed(3)}`,
    );
    await session[Symbol.asyncDispose]();
  }
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? DEFAULT_ROUNDS);
  for (const file of ["nanodet-g-int8.onnx", "nanodet-g.onnx"]) await measure(file, rounds);
}
