/** The command line of the accuracy bench. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { builtinModel, modelPath, openVinoLibrary } from "../../../src/config/models.ts";
import type { SizePx } from "../../../src/core/geometry.ts";
import type { LoadOptions } from "../../../src/inference/model.ts";
import { OpenVinoEngine } from "../../../src/openvino/engine.ts";
import { ROOT } from "../../testing/checkout.ts";

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

/** A model with one shape of its input, on one provider, with a number of threads. */
export interface Contender {
  readonly name: string;
  readonly load: LoadOptions;
}

const DEFAULT_MODELS = "models/nanodet-g.onnx,models/nanodet-g-int8.onnx";
const DEFAULT_SHAPES = "416x416,416x256,544x320,640x384,768x448";

export const USAGE = `deno task bench scripts/bench/accuracy.ts FOLDER [OPTIONS]

  FOLDER               images/ and instances.json, in COCO's format
  --models NAME,…      names of bundled models or paths of .onnx files (default: both bundled files)
  --shapes WxH,…       inputs; auto: by the shape of each picture (default ${DEFAULT_SHAPES})
  --providers NAME,…   default cpu
  --threads COUNT,…    default 1
  --classes NAME,…     default person; all: every class of the labels
  --confidence SHARE   for recall and precision (default 0.45)
  --iou SHARE          of two boxes that overlap more, the less confident is dropped (default 0.5)
  --runs COUNT         timed runs of each at least (default 50)
  --wanted             fail unless the default is better than before by what 720p scenes have to show
`;

const text = { type: "string" } as const;
const OPTIONS = {
  ...{ models: text, shapes: text, providers: text, threads: text, classes: text },
  ...{ confidence: text, iou: text, runs: text },
  wanted: { type: "boolean" },
} as const;

/** What a detector gets that names no model. */
const DEFAULT = contender("builtin:person", "auto", "cpu", 1);
/** What it got before its input could have another shape. */
const BEFORE = contender("models/nanodet-g.onnx", { width: 416, height: 416 }, "cpu", 1);
/** The contenders that the bench ends with comparing. */
export const COMPARED = { now: DEFAULT.name, before: BEFORE.name } as const;

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
  const models = (values.models ?? DEFAULT_MODELS).split(",");
  const shapes = (values.shapes ?? DEFAULT_SHAPES).split(",").map(shape);
  const providers = (values.providers ?? "cpu").split(",");
  const threads = (values.threads ?? "1").split(",").map((word) => number("--threads", word, 1));
  const named = threads.flatMap((count) =>
    providers.flatMap((provider) =>
      models.flatMap((model) => shapes.map((size) => contender(model, size, provider, count)))
    )
  );
  const missing = [BEFORE, DEFAULT].filter(({ name }) => named.every((one) => one.name !== name));
  return {
    folder: resolve(ROOT, folder),
    contenders: [...named, ...missing],
    classes: values.classes === "all" ? null : (values.classes ?? "person").split(","),
    confidence: number("--confidence", values.confidence ?? "0.45", 0),
    iou: number("--iou", values.iou ?? "0.5", 0),
    runs: number("--runs", values.runs ?? "50", 1),
    isWanted: values.wanted ?? false,
  };
}

function contender(
  model: string,
  input: "auto" | SizePx,
  provider: string,
  threads: number,
): Contender {
  const name = model.slice(model.lastIndexOf("/") + 1).replace(/\.onnx$/, "");
  return {
    name: [
      `${name} ${input === "auto" ? input : `${input.width}x${input.height}`}`,
      ...provider === "cpu" ? [] : [provider],
      ...threads === 1 ? [] : [`${threads} threads`],
    ].join(", "),
    load: {
      ...{ ...fileOf(model), model, input, threads, providers: [provider] },
      openVino: openVinoLibrary(ROOT),
      openInOpenVino: (...engine) => new OpenVinoEngine(...engine),
    },
  };
}

function fileOf(model: string): Pick<LoadOptions, "path" | "maxPixels" | "int8"> {
  const builtin = builtinModel(model, ROOT);
  if (builtin !== null) {
    const { modelPath, maxPixels, int8 } = builtin;
    return { path: modelPath, maxPixels, int8 };
  }
  const found = modelPath(model, { root: ROOT, folder: ROOT });
  if (!found.ok) throw new Error(`${found.message}. ${found.remedy}`);
  return { path: found.value };
}

function shape(word: string): "auto" | SizePx {
  if (word === "auto") return word;
  const [, width, height] = /^(\d+)x(\d+)$/.exec(word) ?? [];
  if (width === undefined || height === undefined) throw new Error(`${word} is no shape: 640x384.`);
  return { width: Number(width), height: Number(height) };
}

function number(option: string, word: string, least: number): number {
  const value = Number(word);
  if (Number.isFinite(value) && value >= least) return value;
  throw new Error(`${option} ${word} is no number of at least ${least}.`);
}
