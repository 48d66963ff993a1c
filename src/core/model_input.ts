import type { Fit, SizePx } from "./geometry.ts";

/** The input tensor of a model: NCHW RGB float32 in 0..1, batch of one. */
export interface InputShape extends SizePx {
  /** The grey level of the letterbox bars, 0..1. */
  readonly bars: number;
}

/** The size of an input tensor in bytes: three planes of float32. */
export function inputBytes(input: SizePx): number {
  return 3 * input.width * input.height * Float32Array.BYTES_PER_ELEMENT;
}

/** Identifies the letterbox bars of a fit within an input: equal keys have equal bars. */
export function barsKey(fit: Fit, input: InputShape): string {
  return `${input.width}x${input.height}:${fit.dx},${fit.dy},${fit.width}x${fit.height}:${input.bars}`;
}
