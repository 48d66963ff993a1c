/** What the schemas of several payloads share, and how they are parsed. */
import { z } from "zod";
import { ID_PATTERN } from "../core/ids.ts";
import { parseStrictJson } from "../core/strict_json.ts";

export const id = z.string().regex(ID_PATTERN);
export const time = z.iso.datetime({ precision: 3 }).describe(
  "ISO 8601 in UTC with milliseconds",
);
export const count = z.int().min(0);

export const box = z.looseObject({
  x: z.number().min(0),
  y: z.number().min(0),
  width: z.number().min(0),
  height: z.number().min(0),
}).describe("pixels of the picture as shown; x and y are the top left corner");

/** Payloads are four levels deep at most; the others leave room for what later versions add. */
const MAX_DEPTH = 8;

/** Parses a payload that is on a broker, ours or another Orion's; null when it is none of the schema. */
export function parsePayload<T extends z.ZodType>(schema: T, text: string): z.output<T> | null {
  const parsed = parseStrictJson(text, MAX_DEPTH);
  const payload = parsed.ok ? schema.safeParse(parsed.value) : null;
  return payload?.success === true ? payload.data : null;
}
