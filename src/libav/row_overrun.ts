import type { InputFit } from "../core/geometry.ts";

/**
 * Granularity in which swscale is assumed to write rows of planar floats.
 *
 * On x86 it rounds rows up to whole vectors: of 8 floats in 5.1 to 8.0, except in the last two rows, and
 * of 16 in 4.4, in every row. The overrun overwrites the letterbox bar to the right of the image, then
 * the start of the next row, the next plane, or the memory after the tensor. This is twice the longest
 * vector observed.
 */
export const ROW_STEP_FLOATS = 32;

/** Floats that swscale may write for a row of `width`. */
export function rowFloats(width: number): number {
  return Math.ceil(width / ROW_STEP_FLOATS) * ROW_STEP_FLOATS;
}

/** Whether the overrun of the last row may pass the end of its plane, which cannot be repaired. */
export function overrunsPlane({ input, dx, dy, width, height }: InputFit): boolean {
  return dy + height === input.height && dx + rowFloats(width) > input.width;
}

/** Refills the parts of the letterbox bars that the overrun has overwritten. */
export function restoreBars(fit: InputFit, bars: number, buffer: ArrayBuffer): void {
  const { input } = fit;
  const over = rowFloats(fit.width) - fit.width;
  if (over === 0) return;
  const tensor = new Float32Array(buffer);
  const right = input.width - fit.dx - fit.width;
  const beyond = Math.max(0, over - right);
  for (let plane = 0; plane < 3; plane++) {
    for (let row = 0; row < fit.height; row++) {
      const start = (plane * input.height + fit.dy + row) * input.width;
      const next = start + input.width;
      const end = start + fit.dx + fit.width;
      tensor.fill(bars, end, Math.min(end + over, next));
      // The image part of the next row was written afterwards; its left bar was not.
      const bar = row + 1 < fit.height ? fit.dx : input.width;
      tensor.fill(bars, next, next + Math.min(beyond, bar));
    }
  }
}
