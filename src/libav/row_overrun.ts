import type { Fit } from "../core/geometry.ts";
import type { InputShape } from "../core/model_input.ts";

/**
 * How swscale writes past the end of a row of planar floats, and what is done about it.
 *
 * On x86 it writes rows in whole steps: of 8 floats in 5.1 to 8.0, where the last two rows are
 * spared, and of 16 in 4.4, in every row. What is right of the picture is overwritten by that: the
 * bar there, and from its end on the beginning of the next row, plane, or whatever follows the
 * tensor. Twice the longest step that was seen is allowed for.
 */
export const ROW_STEP_FLOATS = 32;

/** How much memory a row of `width` floats may take while it is written. */
export function rowFloats(width: number): number {
  return Math.ceil(width / ROW_STEP_FLOATS) * ROW_STEP_FLOATS;
}

/** Whether the last row of a plane may be written past the plane's end: nothing can mend that. */
export function overrunLeaves(fit: Fit, input: InputShape): boolean {
  return fit.dy + fit.height === input.height && fit.dx + rowFloats(fit.width) > input.width;
}

/** Writes the parts of the bars again that overlong rows have overwritten. */
export function restoreBars(fit: Fit, input: InputShape, buffer: ArrayBuffer): void {
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
      tensor.fill(input.bars, end, Math.min(end + over, next));
      // The next row's picture was written afterwards, its left bar was not.
      const bar = row + 1 < fit.height ? fit.dx : input.width;
      tensor.fill(input.bars, next, next + Math.min(beyond, bar));
    }
  }
}
