/**
 * Conversions between the coded picture and the picture as shown, which regions and boxes refer to. A
 * stream may signal a rotation, a mirror and non-square pixels.
 *
 * Fractions are of a whole picture, coded or shown; pixels of the picture as shown are square.
 */
import { type BoxNorm, boxNorm, type BoxPx, type SizePx } from "./geometry.ts";
import { round } from "./round.ts";

export type QuarterTurns = 0 | 1 | 2 | 3;

/** How a coded picture is shown: mirrored first, left to right, and then turned clockwise. */
export interface Orientation {
  /** Index in {@link ORIENTATIONS}, each of which exists once: equal ones are the same object. */
  readonly index: number;
  readonly quarterTurns: QuarterTurns;
  readonly isMirrored: boolean;
}

const TURNS: readonly QuarterTurns[] = [0, 1, 2, 3];

/** All eight. */
export const ORIENTATIONS: readonly Orientation[] = [false, true].flatMap((isMirrored) =>
  TURNS.map((quarterTurns) =>
    Object.freeze({ index: quarterTurns + (isMirrored ? 4 : 0), quarterTurns, isMirrored })
  )
);

/** Returns one of the eight; `quarterTurns` is any whole number, clockwise. */
export function orientationOf(quarterTurns: number, isMirrored: boolean): Orientation {
  const index = ((quarterTurns % 4) + 4) % 4 + (isMirrored ? 4 : 0);
  const found = ORIENTATIONS[index];
  if (found === undefined) throw new RangeError(`no orientation of ${quarterTurns} quarter turns`);
  return found;
}

/** Shown as it is coded. */
export const UPRIGHT: Orientation = orientationOf(0, false);

/**
 * Returns the orientation nearest to a linear map, as containers and streams store it: the coded point (p, q) is
 * shown at (a p + c q, b p + d q), x to the right and y down. Scale does not matter. A degenerate
 * map, such as all zeros, is upright.
 */
export function nearestOrientation(map: {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}): Orientation {
  const { a, b, c, d } = map;
  const determinant = a * d - b * c;
  if (!Number.isFinite(determinant) || determinant === 0) return UPRIGHT;
  const isMirrored = determinant < 0;
  // Without the mirror, which comes first and negates p, the map is a turn by this angle.
  const sign = isMirrored ? -1 : 1;
  const turns = Math.round(Math.atan2(sign * b - c, sign * a + d) / (Math.PI / 2));
  return orientationOf(turns, isMirrored);
}

/** Turns an orientation further, by quarter turns clockwise. */
export function turned(orientation: Orientation, quarterTurns: number): Orientation {
  return orientationOf(orientation.quarterTurns + quarterTurns, orientation.isMirrored);
}

/** Inverts an orientation. */
export function inverse({ quarterTurns, isMirrored }: Orientation): Orientation {
  // A mirrored orientation is its own inverse.
  return orientationOf(isMirrored ? quarterTurns : -quarterTurns, isMirrored);
}

/** Whether width and height are swapped. */
export function isSideways({ quarterTurns }: Orientation): boolean {
  return quarterTurns % 2 === 1;
}

/** Converts a size to the other space: coded to shown, or shown to coded. */
export function acrossSize({ width, height }: SizePx, orientation: Orientation): SizePx {
  return isSideways(orientation) ? { width: height, height: width } : { width, height };
}

/** Larger pixel aspects are taken for invalid: a stream can announce 65535 to 1. */
const MAX_PIXEL_ASPECT = 8;

/** Width of a pixel by its height, or null where that is unknown or implausible. */
export function pixelAspectOf(
  { num, den }: { readonly num: number; readonly den: number },
): number | null {
  const aspect = num > 0 && den > 0 ? num / den : NaN;
  return aspect <= MAX_PIXEL_ASPECT && aspect >= 1 / MAX_PIXEL_ASPECT ? aspect : null;
}

/** A coded picture and how it is shown. */
export interface View {
  readonly coded: SizePx;
  /** The size as shown, in square pixels. */
  readonly shown: SizePx;
  readonly orientation: Orientation;
  /** The width of a coded pixel by its height. */
  readonly pixelAspect: number;
}

/**
 * Determines how a picture is shown. The shorter side of its pixels is stretched, so that no detail is
 * lost and one axis keeps its coordinates: 720x480 of pixels 8:9 is shown at 720x540.
 */
export function viewOf(coded: SizePx, orientation: Orientation, pixelAspect: number): View {
  const stretched = {
    width: Math.round(coded.width * Math.max(1, pixelAspect)),
    height: Math.round(coded.height * Math.max(1, 1 / pixelAspect)),
  };
  return { coded, shown: acrossSize(stretched, orientation), orientation, pixelAspect };
}

/** The view as reported fields. */
export function viewInfo({ coded, shown, orientation, pixelAspect }: View) {
  return {
    width: shown.width,
    height: shown.height,
    codedWidth: coded.width,
    codedHeight: coded.height,
    rotation: orientation.quarterTurns * 90,
    mirrored: orientation.isMirrored,
    sampleAspectRatio: round(pixelAspect, 4),
  };
}

/** Maps a part of the picture as shown to the coded picture, in fractions. */
export function codedPart(shown: BoxNorm, orientation: Orientation): BoxNorm {
  return boxNorm(mapped(shown, { width: 1, height: 1 }, inverse(orientation)));
}

/** Maps a part of the coded picture to the picture as shown, in pixels that are not rounded. */
export function shownPart(coded: BoxPx, view: View): BoxPx {
  const { orientation, shown } = view;
  const upright = acrossSize(shown, orientation);
  const stretchX = upright.width / view.coded.width;
  const stretchY = upright.height / view.coded.height;
  const stretched = {
    x: coded.x * stretchX,
    y: coded.y * stretchY,
    width: coded.width * stretchX,
    height: coded.height * stretchY,
  };
  return mapped(stretched, upright, orientation);
}

interface Box extends SizePx {
  readonly x: number;
  readonly y: number;
}

/** Maps a box of a picture of `size` to the oriented picture. */
function mapped(box: Box, size: SizePx, { quarterTurns, isMirrored }: Orientation): Box {
  const { y, width, height } = box;
  const x = isMirrored ? size.width - box.x - width : box.x;
  const right = size.width - x - width;
  const bottom = size.height - y - height;
  switch (quarterTurns) {
    case 0:
      return { x, y, width, height };
    case 1:
      return { x: bottom, y: x, width: height, height: width };
    case 2:
      return { x: right, y: bottom, width, height };
    case 3:
      return { x: y, y: right, width: height, height: width };
  }
}

/** Positions of the values of a picture as shown within the coded one, in values. */
export interface Walk {
  /** The top left corner as shown. */
  readonly start: number;
  /** From one value to the next on its right, and below it, as shown. */
  readonly stepX: number;
  readonly stepY: number;
}

/**
 * Determines how to read a coded picture in display order.
 * @param coded  its size
 * @param stride  from one row to the next, in values
 */
export function walkOf(coded: SizePx, stride: number, orientation: Orientation): Walk {
  const { quarterTurns, isMirrored } = orientation;
  const last = { x: coded.width - 1, y: (coded.height - 1) * stride };
  const column = isMirrored ? -1 : 1;
  const first = isMirrored ? last.x : 0;
  switch (quarterTurns) {
    case 0:
      return { start: first, stepX: column, stepY: stride };
    case 1:
      return { start: first + last.y, stepX: -stride, stepY: column };
    case 2:
      return { start: last.x - first + last.y, stepX: -column, stepY: -stride };
    case 3:
      return { start: last.x - first, stepX: stride, stepY: -column };
  }
}
