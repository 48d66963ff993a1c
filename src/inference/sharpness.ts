import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, type Corners, type Fit, type InputFit, toInput } from "../core/geometry.ts";

/** Pixels that are sampled along each side of a box at most, so that the cost does not grow with it. */
export const MAX_SAMPLES_PER_SIDE = 40;
/**
 * Variance of the Laplacian at which the sharpness is a half. Of levels 0..255 that is 100, the usual
 * boundary between blurred and sharp photographs.
 */
const HALF_SHARP = 100 / 255 ** 2;
/** Luma of BT.601. */
const RED = 0.299;
const GREEN = 0.587;
const BLUE = 0.114;

/** A network input as the model saw it. */
export interface Seen {
  /** NCHW RGB float32 in 0..1, as every model of the contract is fed; not modified. */
  readonly tensor: Float32Array;
  /** The size of the input, and how the frame was fitted. */
  readonly fit: InputFit;
}

/** Adds to each detection how sharp it is. */
export function withSharpness(detections: readonly Detection[], seen: Seen): readonly Detection[] {
  return detections.map((detection) => ({
    ...detection,
    sharpness: sharpnessOf(detection.box, seen),
  }));
}

/**
 * Measures how sharp a part of a frame is, at the resolution of the network input: the variance of the
 * Laplacian of the luma, as a value from 0, without any detail, up to almost 1.
 * @param box in pixels of the source frame; what lies outside the frame does not count
 */
export function sharpnessOf(box: BoxPx, { tensor, fit }: Seen): number {
  const { left, top, right, bottom } = innerPixels(toInput(box, fit), fit);
  if (right <= left || bottom <= top) return 0;
  const stepX = Math.ceil((right - left) / MAX_SAMPLES_PER_SIDE);
  const stepY = Math.ceil((bottom - top) / MAX_SAMPLES_PER_SIDE);
  const { width } = fit.input;
  const plane = width * fit.input.height;
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let y = top; y < bottom; y += stepY) {
    for (let x = left; x < right; x += stepX) {
      const at = y * width + x;
      const detail = RED * laplacian(tensor, at, width) +
        GREEN * laplacian(tensor, at + plane, width) +
        BLUE * laplacian(tensor, at + 2 * plane, width);
      count++;
      sum += detail;
      squares += detail * detail;
    }
  }
  const variance = squares / count - (sum / count) ** 2;
  // Negated, so that NaN is 0 as well.
  return !(variance > 0) ? 0 : variance / (variance + HALF_SHARP);
}

/** The pixels of a box whose neighbours all belong to the frame, from left and top up to right and bottom. */
function innerPixels({ x1, y1, x2, y2 }: Corners, { dx, dy, width, height }: Fit) {
  return {
    left: Math.max(dx + 1, Math.round(x1)),
    top: Math.max(dy + 1, Math.round(y1)),
    right: Math.min(dx + width - 1, Math.round(x2)),
    bottom: Math.min(dy + height - 1, Math.round(y2)),
  };
}

/** How much a value differs from its four neighbours. */
function laplacian(values: Float32Array, at: number, width: number): number {
  return (values[at - 1] ?? 0) + (values[at + 1] ?? 0) + (values[at - width] ?? 0) +
    (values[at + width] ?? 0) - 4 * (values[at] ?? 0);
}
