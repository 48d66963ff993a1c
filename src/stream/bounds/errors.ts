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
      "slices (H.264 Baseline); if it should send none, look at what is between here and the camera.",
  },
  STREAM_DECODE_BUDGET: {
    retryable: true,
    remedy:
      "Choose a smaller resolution or a simpler profile in the camera; if it has one already, look " +
      "at what is between here and the camera.",
  },
} as const satisfies Record<string, Meaning>;

/** Every code of a {@link BoundsError}. */
export type BoundsCode = keyof typeof MEANINGS;

/** A stream asks more of the decoder than it may. */
export class BoundsError extends StreamError {
  constructor(code: BoundsCode, message: string) {
    super({ code, message, ...MEANINGS[code] });
  }
}

/**
 * A packet that the decoder is not given: it counts as corrupt, and the stream goes on with the next.
 */
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

/** Whether a packet was not decoded for what it is, and the stream goes on without it. */
export function isRefusal(error: unknown): error is BoundsError | UnusablePacket {
  return error instanceof BoundsError || error instanceof UnusablePacket;
}

/** A picture that is refused, with what was found. */
export function pictureRefused(found: string): BoundsError {
  return new BoundsError("STREAM_PICTURE_REFUSED", `Refused to decode a picture: ${found}`);
}

/** A picture's size as its headers say it. */
export interface PictureSize extends SizePx {
  /** What is left of it when it is cropped. */
  readonly shown?: SizePx;
}

/**
 * Checks a picture's size. Padding to whole blocks does not count.
 *
 * @returns how many pixels are coded
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
