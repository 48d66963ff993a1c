/** Inputs of models for tests. */
import type { SizePx } from "../../../src/core/geometry.ts";
import type { InputPolicy } from "../../../src/core/model_input.ts";

/** The grey of the bars where a test does not care. */
export const BARS = 0.5;

/** An input of one size, letterboxed. */
export function fixedInput({ width, height }: SizePx, bars = BARS): InputPolicy {
  return { size: { kind: "fixed", width, height }, placement: "centre", bars };
}
