import { BoundsError } from "./errors.ts";
import { MAX_REFERENCE_PICTURES, MAX_REFERENCE_PIXELS } from "./limits.ts";

/**
 * Checks the reference pictures that a decoder must keep in memory.
 * @throws {BoundsError} `STREAM_TOO_LARGE`
 */
export function checkReferencePictures(
  set: { readonly width: number; readonly height: number; readonly pictures: number },
): void {
  const { width, height, pictures } = set;
  if (pictures <= MAX_REFERENCE_PICTURES && pictures * width * height <= MAX_REFERENCE_PIXELS) {
    return;
  }
  throw new BoundsError(
    "STREAM_TOO_LARGE",
    `Refused to decode pictures of ${width}x${height} that refer to ${pictures} others`,
  );
}
