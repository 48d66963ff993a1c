/** The input of a model: which sizes it may have, and how a picture is placed in it. */
import type { InputFit, Placement, SizePx } from "./geometry.ts";

/** A size that a model demands, or that was configured. */
export interface FixedInput extends SizePx {
  readonly kind: "fixed";
}

/** Sizes in whole steps, of which each picture gets the one that suits its shape. */
export interface FreeInput {
  readonly kind: "free";
  /** Width × height at most. */
  readonly maxPixels: number;
  /** Width and height are multiples of it. */
  readonly stepPx: number;
}

/** How pictures become the input tensor of a model: NCHW RGB float32 in 0..1, a batch of one. */
export interface InputPolicy {
  readonly size: FixedInput | FreeInput;
  readonly placement: Placement;
  /** The grey level of what no picture covers, 0..1. */
  readonly bars: number;
}

/** Bounds of a side: smaller inputs detect nothing, and a larger tensor exceeds 200 MB. */
export const MIN_INPUT_SIDE_PX = 32;
export const MAX_INPUT_SIDE_PX = 4096;
/** The step of free inputs: the coarsest grid of cells in detectors of three scales. */
export const INPUT_STEP_PX = 32;
/** The shortest side of a free input, in steps: one of very oblong regions. */
const MIN_SIDE_STEPS = 2;
/** Width × height of a free input at most, where nothing else is set: the work of 416 × 416. */
export const DEFAULT_INPUT_PIXELS = 544 * 320;
/** The shape of most pictures, by which free inputs are described. */
export const COMMON_SHAPE: SizePx = { width: 16, height: 9 };

/** The size of an input tensor in bytes: three planes of float32. */
export function inputBytes(input: SizePx): number {
  return 3 * input.width * input.height * Float32Array.BYTES_PER_ELEMENT;
}

/** The size of a buffer for every input of a policy; a tensor is its front part. */
export function bufferBytes({ size }: InputPolicy): number {
  if (size.kind === "fixed") return inputBytes(size);
  const { stepPx } = size;
  return inputBytes({ width: stepPx, height: stepPx * mostCells(size) });
}

/**
 * Chooses the input for a picture. Of the sizes that a free input may have, it is the one in which the
 * picture is largest, and of those the smallest.
 * @param picture  width and height of the part to infer, in any unit
 */
export function inputFor({ size }: InputPolicy, picture: SizePx): SizePx {
  if (size.kind === "fixed") return { width: size.width, height: size.height };
  const cells = mostCells(size);
  let best = { columns: MIN_SIDE_STEPS, rows: MIN_SIDE_STEPS, scale: 0 };
  for (let columns = MIN_SIDE_STEPS; columns * MIN_SIDE_STEPS <= cells; columns++) {
    const covering = Math.ceil(columns * picture.height / picture.width);
    const rows = Math.min(Math.max(covering, MIN_SIDE_STEPS), Math.floor(cells / columns));
    const scale = Math.min(columns / picture.width, rows / picture.height);
    const isLarger = scale > best.scale;
    if (isLarger || (scale === best.scale && columns * rows < best.columns * best.rows)) {
      best = { columns, rows, scale };
    }
  }
  return { width: best.columns * size.stepPx, height: best.rows * size.stepPx };
}

/** Whether two policies treat every picture alike. */
export function isSamePolicy(one: InputPolicy, other: InputPolicy): boolean {
  return one === other ||
    (one.placement === other.placement && one.bars === other.bars &&
      isSameSize(one.size, other.size));
}

/** Identifies the bars around a fitted picture: equal keys have equal bars. */
export function barsKey(fit: InputFit, bars: number): string {
  const { input, dx, dy, width, height } = fit;
  return `${input.width}x${input.height}:${dx},${dy},${width}x${height}:${bars}`;
}

/** A policy in a few words: `640x384`, or `auto, 640x384 at 16:9`. */
export function policyText(policy: InputPolicy): string {
  const { width, height } = inputFor(policy, COMMON_SHAPE);
  const text = `${width}x${height}`;
  const { width: across, height: down } = COMMON_SHAPE;
  return policy.size.kind === "fixed" ? text : `auto, ${text} at ${across}:${down}`;
}

/** Squares of one step that the largest input has. */
function mostCells({ maxPixels, stepPx }: FreeInput): number {
  return Math.max(MIN_SIDE_STEPS ** 2, Math.floor(maxPixels / stepPx ** 2));
}

function isSameSize(one: FixedInput | FreeInput, other: FixedInput | FreeInput): boolean {
  if (one.kind === "fixed") {
    return other.kind === "fixed" && one.width === other.width && one.height === other.height;
  }
  return other.kind === "free" && one.maxPixels === other.maxPixels && one.stepPx === other.stepPx;
}
