import type { Frame } from "./frame.ts";
import type { SourceFormat } from "./source_format.ts";

const SPACE_UNSPECIFIED = 2;
const RANGE_UNSPECIFIED = 0;
const RANGE_FULL = 2;

/** `SWS_CS_ITU601`. The other numbers are those of `AVCOL_SPC_*`. */
export const BT601 = 5;

/** Colour space and range of a frame, in swscale's terms. */
export interface Colours {
  /** For `sws_getCoefficients`. */
  readonly matrix: number;
  /** Full range (0 to 255) instead of limited range (16 to 235). */
  readonly full: boolean;
}

/** Taken from the stream, else from the pixel format, else BT.601 with limited range. */
export function coloursOf(frame: Frame, format: SourceFormat): Colours {
  const space = frame.colorSpace;
  const range = frame.colorRange;
  return {
    matrix: space === SPACE_UNSPECIFIED ? BT601 : space,
    full: range === RANGE_FULL || format.alwaysFullRange ||
      (range === RANGE_UNSPECIFIED && format.fullRangeByDefault),
  };
}
