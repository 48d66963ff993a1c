/** What the families' views of their outputs have in common. */
import type { Corners, SizePx } from "../../core/geometry.ts";
import type { TensorPort } from "../graph/model_graph.ts";
import type { ClassScores, Column, LabelledScores } from "../raw_detections.ts";
import type { ModelFacts, OutputTensor } from "./family.ts";

const FLOATS: ReadonlySet<string> = new Set(["float32", "float16", "float64"]);
const WHOLES: ReadonlySet<string> = new Set(["int64", "int32"]);

/** A size that is not compared. */
export const ANY = null;

/**
 * Whether an output of floats has these sizes; {@link ANY} fits every one.
 * The first may be dynamic: it is that of the batch.
 */
export function isFloat(port: TensorPort | undefined, dims: readonly (number | null)[]): boolean {
  return port !== undefined && FLOATS.has(port.type ?? "") && fits(port, dims);
}

/** The same of whole numbers. */
export function isWhole(port: TensorPort | undefined, dims: readonly (number | null)[]): boolean {
  return port !== undefined && WHOLES.has(port.type ?? "") && fits(port, dims);
}

function fits(port: TensorPort, dims: readonly (number | null)[]): boolean {
  return port.dims.length === dims.length &&
    dims.every((size, axis) => {
      const found = port.dims[axis] ?? null;
      return size === ANY || found === size || axis === 0 && found === null;
    });
}

/** The output of that name. */
export function named({ outputs }: ModelFacts, name: string): TensorPort | undefined {
  return outputs.find((port) => port.name === name);
}

/** The only output, where there is one of these sizes; see {@link isFloat}. */
export function onlyFloat(
  { outputs }: ModelFacts,
  dims: readonly (number | null)[],
): TensorPort | undefined {
  const [port] = outputs;
  return outputs.length === 1 && isFloat(port, dims) ? port : undefined;
}

/** A value of an output; not a number beyond its end. */
export function at({ data }: OutputTensor, index: number): number {
  return data[index] ?? Number.NaN;
}

/** Scores `[1, cells, before + columns]`, by cell. */
export function cellScores(
  { dims, data }: OutputTensor,
  { before = 0, after = 0, objectness = null, areLogits = false }: {
    readonly before?: number;
    readonly after?: number;
    readonly objectness?: number | null;
    readonly areLogits?: boolean;
  } = {},
): ClassScores {
  const width = dims.at(-1) ?? 0;
  return {
    kind: "classes",
    columns: width - before - after,
    data,
    offset: before,
    cellStride: width,
    columnStride: 1,
    objectness,
    areLogits,
  };
}

/** Scores `[1, before + columns, cells]`, by class. */
export function columnScores({ dims, data }: OutputTensor, before = 0): ClassScores {
  const [, rows = 0, cells = 0] = dims;
  return {
    kind: "classes",
    columns: rows - before,
    data,
    offset: before * cells,
    cellStride: 1,
    columnStride: cells,
    objectness: null,
    areLogits: false,
  };
}

/** One score and one class for each cell. */
export function labelled(scores: Column, labels: Column): LabelledScores {
  return { kind: "labelled", scores, labels };
}

/** An output with one value for each cell. */
export function column({ data }: OutputTensor): Column {
  return { data, offset: 0, stride: 1 };
}

/** One of the columns of an output `[…, cells, width]`. */
export function columnOf({ dims, data }: OutputTensor, offset: number): Column {
  return { data, offset, stride: dims.at(-1) ?? 0 };
}

/** Two corners x1, y1, x2, y2 from a place of an output on, `stride` apart. */
export function cornersAt(
  tensor: OutputTensor,
  start: number,
  scale: SizePx = UNSCALED,
  stride = 1,
): Corners {
  return {
    x1: at(tensor, start) * scale.width,
    y1: at(tensor, start + stride) * scale.height,
    x2: at(tensor, start + 2 * stride) * scale.width,
    y2: at(tensor, start + 3 * stride) * scale.height,
  };
}

/** Centre and size cx, cy, width, height from a place of an output on, `stride` apart. */
export function centreAt(
  tensor: OutputTensor,
  start: number,
  scale: SizePx = UNSCALED,
  stride = 1,
): Corners {
  return aroundCentre(
    at(tensor, start) * scale.width,
    at(tensor, start + stride) * scale.height,
    at(tensor, start + 2 * stride) * scale.width,
    at(tensor, start + 3 * stride) * scale.height,
  );
}

/** The corners of a box by its centre and size. */
export function aroundCentre(cx: number, cy: number, width: number, height: number): Corners {
  return { x1: cx - width / 2, y1: cy - height / 2, x2: cx + width / 2, y2: cy + height / 2 };
}

/** Boxes that are in pixels of the input. */
const UNSCALED: SizePx = { width: 1, height: 1 };
