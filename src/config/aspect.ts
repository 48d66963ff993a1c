import type { Parsed } from "./urls.ts";

const SHAPE = /^([1-9]\d{0,4}):([1-9]\d{0,4})$/;
/** No camera has a picture longer than 8:1. */
const MAX_ASPECT = 8;

/**
 * Parses an aspect ratio: `auto`, or width and height as in `16:9`.
 * @returns the width divided by the height, or null for `auto`
 */
export function parseAspect(text: string): Parsed<number | null> {
  if (text === "auto") return { ok: true, value: null };
  const [, width, height] = SHAPE.exec(text) ?? [];
  const aspect = Number(width) / Number(height);
  if (aspect <= MAX_ASPECT && aspect >= 1 / MAX_ASPECT) return { ok: true, value: aspect };
  return {
    ok: false,
    message: Number.isNaN(aspect)
      ? "is not a shape such as 16:9"
      : `is longer than ${MAX_ASPECT} times its other side`,
    remedy: 'Write auto, or width and height of the picture: "16:9", "4:3".',
  };
}
