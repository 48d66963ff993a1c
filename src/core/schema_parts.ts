/** Parts of the zod schemas of the configuration and of the commands. */
import { z } from "zod";

/** A number with both bounds included. The error text completes "Write …" and "must be …". */
export function numberWithin(low: number, high: number) {
  const error = `a number within ${low} and ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

export const fraction = numberWithin(0, 1);

/** Computed fractions such as 0.33 + 0.56 and 0.11 may add up to a little more than 1. */
const SUM_TOLERANCE = 1e-9;

/** Whether a box in fractions of a frame has an area and lies within the frame. */
export function isWithinFrame({ x, y, width, height }: {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}): boolean {
  return width > 0 && height > 0 && x + width <= 1 + SUM_TOLERANCE &&
    y + height <= 1 + SUM_TOLERANCE;
}
