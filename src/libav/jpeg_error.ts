import { StreamError } from "../core/errors.ts";

/** @throws {StreamError} `STREAM_JPEG` for a result that is an error */
export function must(what: string, result: number): void {
  if (result < 0) throw jpegFailed(`${what}: ${result}`);
}

/** A frame cannot be encoded as JPEG. */
export function jpegFailed(why: string): StreamError {
  return new StreamError({
    code: "STREAM_JPEG",
    message: `Cannot encode a frame as JPEG: ${why}`,
    retryable: false,
    remedy: "Use a libav with its MJPEG encoder, as the distributions ship it.",
  });
}
