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

/** A whole number within bounds. */
export function whole(low: number, high: number) {
  const error = `a whole number within ${low} and ${high}`;
  return z.number({ error }).int({ error }).min(low, { error }).max(high, { error });
}

/** A text of one character or more. */
export function boundedText(expected: string, maxLength: number) {
  const error = expected;
  return z.string({ error }).min(1, { error }).max(maxLength, { error });
}

/** A part of a whole, 0..1. */
export const fraction = number(0, 1);

const ID = "1 to 64 of the characters a to z, 0 to 9 and -";

/** An id of a configured thing. */
export const id = z.string({ error: ID }).regex(ID_PATTERN, { error: ID });

/** A list with bounds of its length. */
export function list<T extends z.ZodType>(
  item: T,
  expected: string,
  bounds: { readonly min: number; readonly max: number },
) {
  const error = expected;
  return z.array(item, { error }).min(bounds.min, { error }).max(bounds.max, { error });
}

/** What is wrong with a value of the right type, and what to do. */
export interface ValueProblem {
  readonly message: string;
  readonly remedy: string;
}

/** Reports a problem of a value of the right type; `path` leads to the part that has it. */
export function addProblem(
  context: z.RefinementCtx,
  { message, remedy }: ValueProblem,
  path: readonly (string | number)[] = [],
): void {
  context.addIssue({ code: "custom", message, params: { remedy }, path: [...path] });
}

/** Reads the remedy of {@link addProblem}; null where an issue has none. */
export function remedyOf(params: Readonly<Record<string, unknown>> | undefined): string | null {
  const remedy = params?.["remedy"];
  return typeof remedy === "string" ? remedy : null;
}
