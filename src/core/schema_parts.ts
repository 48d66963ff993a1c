/** Parts of schemas that the configuration and the commands share. Each error text is the expected value. */
import { z } from "zod";
import { ID_PATTERN } from "./ids.ts";

/** Tolerance for sums of fractions, such as 0.1 + 0.9. */
export const FRACTION_TOLERANCE = 1e-9;

/** A number within bounds. */
export function number(low: number, high: number) {
  const error = `a number within ${low} and ${high}`;
  return z.number({ error }).min(low, { error }).max(high, { error });
}

/** A part of a whole, 0..1. */
export const fraction = number(0, 1);

const ID = "1 to 64 of the characters a to z, 0 to 9 and -";

/** An id of a configured thing. */
export const id = z.string({ error: ID }).regex(ID_PATTERN, { error: ID });
