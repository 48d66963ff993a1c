/** What the schemas and builders of several payloads share. */
import { z } from "zod";
import type { BoxPx, SizePx } from "../core/geometry.ts";
import { ID_PATTERN } from "../core/ids.ts";

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

/** Rounds start and length on one axis to tenths of a pixel, both within the frame. */
function tenths(start: number, length: number, fullPx: number): [number, number] {
  const full = Math.floor(fullPx * 10);
  const from = Math.min(full, Math.max(0, Math.round(start * 10)));
  const end = Math.min(full, Math.max(from, Math.round((start + length) * 10)));
  return [from / 10, (end - from) / 10];
}

/**
 * Rounds a box to one decimal and clips it to the frame. Rounds its corners rather than its size.
 * @param frame  the size of the frame as shown
 */
export function roundedBox(box: BoxPx, frame: SizePx): Pick<BoxPx, "x" | "y" | "width" | "height"> {
  const [x, width] = tenths(box.x, box.width, frame.width);
  const [y, height] = tenths(box.y, box.height, frame.height);
  return { x, y, width, height };
}
