import { ModelError } from "../core/errors.ts";
import {
  INPUT_STEP_PX,
  type InputPolicy,
  MAX_INPUT_SIDE_PX,
  MIN_INPUT_SIDE_PX,
} from "../core/model_input.ts";

/** One input or output of a model, as its file declares it. */
export interface TensorPort {
  readonly name: string;
  /** `float32`, `int8`, …; null when it is not a tensor. */
  readonly type: string | null;
  /** Sizes; null for dynamic ones. */
  readonly dims: readonly (number | null)[];
}

/** All inputs and outputs of a model. */
export interface ModelPorts {
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
}

/** The layout of a model's boxes and scores. */
export type OutputLayout =
  /** Two outputs: boxes `[1, N, 4]` (x1, y1, x2, y2) and scores `[1, N, C]`, both by cell. */
  | { readonly kind: "boxes-scores"; readonly boxes: string; readonly scores: string }
  /** One output `[1, 4 + C, N]`: rows cx, cy, width, height, then one row of scores per class. */
  | { readonly kind: "rows"; readonly output: string };

/** How to feed a model, and how to read its output. */
export interface ModelContract {
  readonly inputName: string;
  readonly input: InputPolicy;
  readonly layout: OutputLayout;
}

/** An output of a run. */
export interface OutputTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/**
 * A model's output for one frame: N cells, each with a box in pixels of the network input and one score
 * per class (0..1). It is a view: both families of models are read through it without a copy.
 *
 * Side k of cell i is `boxes[i * boxCellStride + k * boxSideStride]`; the score of class c is
 * `scores[scoreOffset + i * scoreCellStride + c * scoreClassStride]`.
 */
export interface RawDetections {
  readonly cells: number;
  readonly classes: number;
  readonly boxes: Float32Array;
  readonly boxCellStride: number;
  readonly boxSideStride: number;
  /** `corners`: x1, y1, x2, y2. `centre`: cx, cy, width, height. */
  readonly boxForm: "corners" | "centre";
  readonly scores: Float32Array;
  readonly scoreOffset: number;
  readonly scoreCellStride: number;
  readonly scoreClassStride: number;
}

/** Width × height of a free input at most, where nothing else is set: the work of 416 × 416. */
export const DEFAULT_MAX_PIXELS = 544 * 320;
/** The grey of the letterbox bars that detectors are trained with: 114 of 255. */
const BARS_GREY = 114 / 255;

const EXPECTED =
  "Use a detector with one float32 input [1, 3, height, width] (RGB, 0..1) and either two float32 " +
  "outputs boxes [1, N, 4] and scores [1, N, classes], or one float32 output [1, 4 + classes, N] as " +
  "YOLOv8 and YOLO11 export it without NMS.";

/**
 * Determines from a model's declared inputs and outputs how it is fed and read.
 * @param model as configured, for the message
 * @throws ModelError `MODEL_UNSUPPORTED` with the inputs or outputs found and the supported ones
 */
export function modelContract(ports: ModelPorts, model: string): ModelContract {
  const [input] = ports.inputs;
  const size = input && inputSize(input);
  if (ports.inputs.length !== 1 || !input || !size) {
    throw unsupported(model, `its input is ${listed(ports.inputs)}`);
  }
  const layout = outputLayout(ports.outputs);
  if (layout === null) throw unsupported(model, `its output is ${listed(ports.outputs)}`);
  return { inputName: input.name, input: { size, placement: "centre", bars: BARS_GREY }, layout };
}

function inputSize(port: TensorPort): InputPolicy["size"] | null {
  const [batch, channels, height, width] = port.dims;
  if (port.type !== "float32" || port.dims.length !== 4) return null;
  if (!isOr(batch, 1) || !isOr(channels, 3)) return null;
  if (width === null && height === null) {
    return { kind: "free", maxPixels: DEFAULT_MAX_PIXELS, stepPx: INPUT_STEP_PX };
  }
  // Of one side that is not declared, as much as the other leaves.
  const rest = (dim: number | null | undefined) =>
    Math.min(
      MAX_INPUT_SIDE_PX,
      INPUT_STEP_PX * Math.floor(DEFAULT_MAX_PIXELS / INPUT_STEP_PX / (dim ?? 1)),
    );
  const [across, down] = [width ?? rest(height), height ?? rest(width)];
  const fits = (px: number) => px >= MIN_INPUT_SIDE_PX && px <= MAX_INPUT_SIDE_PX;
  if (!fits(across) || !fits(down)) return null;
  return { kind: "fixed", width: across, height: down };
}

function outputLayout(outputs: readonly TensorPort[]): OutputLayout | null {
  if (outputs.some((port) => port.type !== "float32" || port.dims.length !== 3)) return null;
  const boxes = outputs.find((port) => port.name === "boxes");
  const scores = outputs.find((port) => port.name === "scores");
  if (outputs.length === 2 && boxes && scores) {
    const [, , sides] = boxes.dims;
    return isOr(sides, 4) ? { kind: "boxes-scores", boxes: "boxes", scores: "scores" } : null;
  }
  const [only] = outputs;
  if (outputs.length !== 1 || !only) return null;
  const [batch, rows, cells] = only.dims;
  // The number of rows must be static, to distinguish it from [1, N, 4 + C] of older exporters.
  if (!isOr(batch, 1) || typeof rows !== "number" || rows < 5) return null;
  return typeof cells === "number" && cells < rows ? null : { kind: "rows", output: only.name };
}

function isOr(dim: number | null | undefined, size: number): boolean {
  return dim === size || dim === null;
}

function listed(ports: readonly TensorPort[]): string {
  if (ports.length === 0) return "missing";
  return ports.slice(0, 8).map((port) =>
    `"${port.name}" ${port.type ?? "not a tensor"} [${
      port.dims.map((dim) => dim ?? "?").join(", ")
    }]`
  ).join(" and ");
}

function unsupported(model: string, found: string): ModelError {
  return new ModelError({
    code: "MODEL_UNSUPPORTED",
    message: `Cannot use model "${model}": ${found}.`,
    retryable: false,
    remedy: EXPECTED,
  });
}

/** The outputs that are read. */
export function outputNames(layout: OutputLayout): readonly string[] {
  return layout.kind === "rows" ? [layout.output] : [layout.boxes, layout.scores];
}

/**
 * Creates the view of a run's outputs.
 * @throws ModelError `MODEL_UNSUPPORTED` when their sizes do not match the layout
 */
export function rawDetections(
  layout: OutputLayout,
  output: (name: string) => OutputTensor | null,
  model: string,
): RawDetections {
  return layout.kind === "rows"
    ? rowsView(tensor(layout.output, output, model), model)
    : pairView(tensor(layout.boxes, output, model), tensor(layout.scores, output, model), model);
}

function tensor(name: string, output: (name: string) => OutputTensor | null, model: string) {
  const found = output(name);
  if (found === null) throw unsupported(model, `it gave no float32 output "${name}"`);
  return found;
}

function pairView(boxes: OutputTensor, scores: OutputTensor, model: string): RawDetections {
  const [batch, cells = 0, sides] = boxes.dims;
  const [scoreBatch, scoreCells, classes = 0] = scores.dims;
  if (batch !== 1 || sides !== 4 || scoreBatch !== 1 || scoreCells !== cells || classes < 1) {
    throw unsupported(
      model,
      `it gave boxes [${boxes.dims.join(", ")}] and scores [${scores.dims.join(", ")}]`,
    );
  }
  return {
    cells,
    classes,
    boxes: boxes.data,
    boxCellStride: 4,
    boxSideStride: 1,
    boxForm: "corners",
    scores: scores.data,
    scoreOffset: 0,
    scoreCellStride: classes,
    scoreClassStride: 1,
  };
}

function rowsView({ dims, data }: OutputTensor, model: string): RawDetections {
  const [batch, rows = 0, cells = 0] = dims;
  if (dims.length !== 3 || batch !== 1 || rows < 5) {
    throw unsupported(model, `it gave an output [${dims.join(", ")}]`);
  }
  return {
    cells,
    classes: rows - 4,
    boxes: data,
    boxCellStride: 1,
    boxSideStride: cells,
    boxForm: "centre",
    scores: data,
    scoreOffset: 4 * cells,
    scoreCellStride: 1,
    scoreClassStride: cells,
  };
}
