/** The input of a model that takes the picture. */
import type { Placement } from "../core/geometry.ts";
import {
  DEFAULT_INPUT_PIXELS,
  INPUT_STEP_PX,
  type InputPolicy,
  MAX_INPUT_SIDE_PX,
  MIN_INPUT_SIDE_PX,
} from "../core/model_input.ts";
import type { Preprocess } from "../core/model_families.ts";
import type { ImagePort } from "./families/family.ts";
import type { ModelPorts, TensorPort } from "./graph/model_graph.ts";

/** Pictures that are computed for one, in a model whose batch is fixed. */
export const MAX_BATCH = 16;
/** Colours. */
export const CHANNELS = 3;

/** The first input that takes a picture; null when none does. */
export function imagePortOf({ inputs }: ModelPorts): ImagePort | null {
  return inputs.map(imagePort).find((port) => port !== null) ?? null;
}

/** Reads an input as one that takes a picture; null when it can't. */
function imagePort({ name, type, dims }: TensorPort): ImagePort | null {
  const isBatched = dims.length === 4;
  if (type === null || !isImageType(type) || !isBatched && dims.length !== 3) return null;
  const [batch = 1, ...sides] = isBatched ? dims : [1, ...dims];
  const [first = null, second = null, third = null] = sides;
  const common = { name, type, isBatched, batch: batch ?? 1 };
  if (common.batch > MAX_BATCH) return null;
  if (first === CHANNELS || first === null && third !== CHANNELS) {
    return { ...common, layout: "nchw", height: second, width: third };
  }
  return third === CHANNELS ? { ...common, layout: "nhwc", height: first, width: second } : null;
}

function isImageType(type: string): type is ImagePort["type"] {
  return type === "float32" || type === "float16" || type === "float64" || type === "uint8";
}

/** Whether a fixed size is within bounds. */
export function pixelsInBounds({ width, height }: ImagePort): boolean {
  const fits = (px: number | null) =>
    px === null || px >= MIN_INPUT_SIDE_PX && px <= MAX_INPUT_SIDE_PX;
  return fits(width) && fits(height);
}

const PLACEMENTS: Readonly<Record<Preprocess["resize"], Placement>> = {
  letterbox: "centre",
  "letterbox-top-left": "top-left",
  stretch: "stretch",
};

/** How pictures are fitted into the input. */
export function inputPolicy(
  { width, height }: ImagePort,
  { resize, pad }: Preprocess,
): InputPolicy {
  return { size: inputSize(width, height), placement: PLACEMENTS[resize], bars: pad / 255 };
}

function inputSize(width: number | null, height: number | null): InputPolicy["size"] {
  if (width === null && height === null) {
    return { kind: "free", maxPixels: DEFAULT_INPUT_PIXELS, stepPx: INPUT_STEP_PX };
  }
  // Of one side that is not declared, as much as the other leaves.
  const rest = (px: number | null) =>
    Math.min(
      MAX_INPUT_SIDE_PX,
      INPUT_STEP_PX * Math.max(1, Math.floor(DEFAULT_INPUT_PIXELS / INPUT_STEP_PX / (px ?? 1))),
    );
  return { kind: "fixed", width: width ?? rest(height), height: height ?? rest(width) };
}
