import { StreamError } from "../../core/errors.ts";
import type { SizePx } from "../../core/geometry.ts";
import { MAX_PADDING_PX, MAX_SIDE_PX } from "./limits.ts";

interface Meaning {
  readonly retryable: boolean;
  readonly remedy: string;
}

const MEANINGS = {
  STREAM_CODEC: {
    retryable: false,
    remedy: "Choose another codec in the camera: H.264, H.265, MJPEG, MPEG-4, AV1, VP8 or VP9.",
  },
  STREAM_TOO_LARGE: {
    retryable: true,
    remedy: "Choose a smaller resolution in the camera, or a larger maxPixels for it.",
  },
  STREAM_PICTURE_REFUSED: {
    retryable: true,
    remedy:
      "Use fewer slices in the camera's encoder, and neither arbitrary slice order nor redundant " +
      "slices (H.264 Baseline); if it has none, check the network between here and the camera.",
  },
  STREAM_DECODE_BUDGET: {
    retryable: true,
    remedy:
      "Choose a smaller resolution or a simpler profile in the camera; if it has one already, check " +
      "the network between here and the camera.",
  },
} as const satisfies Record<string, Meaning>;

/** The codes of a {@link BoundsError}. */
export type BoundsCode = keyof typeof MEANINGS;

/** A stream exceeds the bounds on decoding. */
export class BoundsError extends StreamError {
  constructor(code: BoundsCode, message: string) {
    super({ code, message, ...MEANINGS[code] });
  }
}

/** A packet that is not sent to the decoder: it counts as corrupt, and the stream continues. */
export class UnusablePacket extends StreamError {
  constructor(found: string) {
    super({
      code: "STREAM_INVALID",
      message: `Cannot decode a packet: ${found}`,
      retryable: true,
      remedy: "Check the camera's settings.",
    });
  }
}

/** Whether a packet was refused before decoding, so that the stream continues without it. */
export function isRefusal(error: unknown): error is BoundsError | UnusablePacket {
  return error instanceof BoundsError || error instanceof UnusablePacket;
}

/** Makes the error of a refused picture. */
export function pictureRefused(found: string): BoundsError {
  return new BoundsError("STREAM_PICTURE_REFUSED", `Refused to decode a picture: ${found}`);
}

/** A coded picture's size according to its headers. */
export interface PictureSize extends SizePx {
  /** The size after cropping. */
  readonly shown?: SizePx;
}

/**
 * Checks a picture's size, without its padding to whole blocks.
 *
 * @returns the number of coded pixels
 * @throws {BoundsError} `STREAM_TOO_LARGE`
 */
export function checkedPixels(size: PictureSize, maxPixels: number): number {
  const { width, height, shown = size } = size;
  const pixels = Math.max(shown.width, width - MAX_PADDING_PX) *
    Math.max(shown.height, height - MAX_PADDING_PX);
  if (width <= MAX_SIDE_PX && height <= MAX_SIDE_PX && pixels <= maxPixels) return width * height;
  throw new BoundsError(
    "STREAM_TOO_LARGE",
    `Refused to decode pictures of ${width}x${height}: ${pixels} pixels, of which ${maxPixels} are ` +
      `allowed (maxPixels), and ${MAX_SIDE_PX} at most on one side`,
  );
}
