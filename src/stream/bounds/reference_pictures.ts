import { BoundsError } from "./errors.ts";
import { MAX_KEPT_PICTURES, MAX_KEPT_PIXELS } from "./limits.ts";

/**
 * Checks what a decoder has to keep in memory to refer to.
 * @throws {BoundsError} `STREAM_TOO_LARGE`
 */
export function checkReferencePictures(
  set: { readonly width: number; readonly height: number; readonly pictures: number },
): void {
  const { width, height, pictures } = set;
  if (pictures <= MAX_KEPT_PICTURES && pictures * width * height <= MAX_KEPT_PIXELS) return;
  throw new BoundsError(
    "STREAM_TOO_LARGE",
    `Refused to decode pictures of ${width}x${height} that refer to ${pictures} others`,
  );
}
