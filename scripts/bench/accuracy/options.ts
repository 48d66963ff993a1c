/** The command line of the accuracy bench. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { SizePx } from "../../../src/core/geometry.ts";
import { modelPath } from "../../../src/config/models.ts";
import { ROOT } from "../../testing/checkout.ts";

const DEFAULT_MODELS = "models/nanodet-g.onnx,models/nanodet-g-int8.onnx";
const DEFAULT_SHAPES = "416x416,416x256,544x320,640x384,768x448";

/** What to measure. */
export interface Options {
  /** In COCO's format. */
  readonly folder: string;
  readonly contenders: readonly Contender[];
  /** Names of classes; null: all that are labelled. */
  readonly classes: readonly string[] | null;
  /** From which detections count for recall and precision. */
  readonly confidence: number;
  /** Of non-maximum suppression. */
  readonly iou: number;
  /** Timed runs of each contender at least, all pictures being run through the same number of times. */
  readonly runs: number;
  /** The bench fails when the default is not as much better as it has to be. */
  readonly isWanted: boolean;
}

/** A model at one size of input, with a number of threads. */
export interface Contender {
  /** As given. */
  readonly model: string;
  readonly path: string;
  readonly size: SizePx;
  readonly threads: number;
}

export const USAGE = `deno task bench scripts/bench/accuracy.ts FOLDER [OPTIONS]

  FOLDER               images/ and instances.json, in COCO's format
  --models NAME,…      names of bundled models or paths of .onnx files (default: both bundled files)
  --shapes WxH,…       inputs (default ${DEFAULT_SHAPES})
  --threads COUNT,…    default 1
  --classes NAME,…     default person; all: every class of the labels
  --confidence SHARE   for recall and precision (default 0.45)
  --iou SHARE          of two boxes that overlap more, the less confident is dropped (default 0.5)
  --runs COUNT         timed runs of each at least (default 50)
  --wanted             fail unless the default is better than before by what 720p scenes have to show
`;

const text = { type: "string" } as const;
const OPTIONS = {
  ...{ models: text, shapes: text, threads: text, classes: text },
  ...{ confidence: text, iou: text, runs: text },
  wanted: { type: "boolean" },
} as const;

/**
 * Parses the command line.
 * @throws {Error} naming what is wrong
 */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) throw new Error(USAGE);
  const models = (values.models ?? DEFAULT_MODELS).split(",").map(modelOf);
  const shapes = (values.shapes ?? DEFAULT_SHAPES).split(",").map(shape);
  const threads = (values.threads ?? "1").split(",").map((word) => number("--threads", word, 1));
  return {
    folder: resolve(ROOT, folder),
    contenders: threads.flatMap((count) =>
      models.flatMap((model) => shapes.map((size) => ({ ...model, size, threads: count })))
    ),
    classes: values.classes === "all" ? null : (values.classes ?? "person").split(","),
    confidence: number("--confidence", values.confidence ?? "0.45", 0),
    iou: number("--iou", values.iou ?? "0.5", 0),
    runs: number("--runs", values.runs ?? "50", 1),
    isWanted: values.wanted ?? false,
  };
}

function modelOf(model: string): Pick<Contender, "model" | "path"> {
  const found = modelPath(model, { root: ROOT, folder: ROOT });
  if (!found.ok) throw new Error(`${found.message}. ${found.remedy}`);
  return { model, path: found.value };
}

function shape(word: string): SizePx {
  const [, width, height] = /^(\d+)x(\d+)$/.exec(word) ?? [];
  if (width === undefined || height === undefined) throw new Error(`${word} is no shape: 640x384.`);
  return { width: Number(width), height: Number(height) };
}

function number(option: string, word: string, least: number): number {
  const value = Number(word);
  if (Number.isFinite(value) && value >= least) return value;
  throw new Error(`${option} ${word} is no number of at least ${least}.`);
}
