/** Parts of the configuration's schema. Each error text completes "Write …". */
import { z } from "zod";
import { addProblem, boundedText } from "../core/schema_parts.ts";
import { isAddress, NO_PATH, type Parsed } from "./urls.ts";

const MAX_TEXT_LENGTH = 4096;

/** A text of one character or more. */
export function text(expected: string) {
  return boundedText(expected, MAX_TEXT_LENGTH);
}

/** A text of a pattern. */
export function matching(pattern: RegExp, expected: string) {
  return text(expected).regex(pattern, { error: expected });
}

/** One of a few words. */
export function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, { error: `one of ${values.join(", ")}` });
}

/** An object with these keys and no other. */
export function object<T extends z.core.$ZodLooseShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    // For unknown keys the known ones, from which `issues.ts` suggests the nearest.
    error: (issue) => issue.code === "unrecognized_keys" ? keys : `the keys ${keys}`,
  });
}

/** A text that is transformed to its parsed value. */
export function parsedBy<T>(expected: string, parse: (text: string) => Parsed<T>) {
  return text(expected).transform((value, context) => {
    const parsed = parse(value);
    if (parsed.ok) return parsed.value;
    addProblem(context, parsed);
    return z.NEVER;
  });
}

/** The path of a file or folder. */
export const path = text("the path of a file").superRefine((written, context) => {
  if (isAddress(written)) addProblem(context, NO_PATH);
});

/** A text that is never printed, or the file that holds it. */
export const secret = z.union([
  text("a text"),
  object({ file: path.describe("A file that holds the secret; a line break at its end is cut.") }),
], { error: "a text, ${NAME} or { file: PATH }" });

export type SecretConfig = z.output<typeof secret>;
