/**
 * The picture as shown: what a coded picture becomes on a screen, which is what a person draws regions
 * on and reads boxes from. A stream may have to be turned or mirrored, and its pixels may be wider than
 * they are high.
 *
 * Fractions are of a whole picture, coded or shown; a pixel of a picture as shown is a square.
 */
import { type BoxNorm, boxNorm, type BoxPx, type SizePx } from "./geometry.ts";
import { round } from "./round.ts";

export type QuarterTurns = 0 | 1 | 2 | 3;

/** How a coded picture is shown: mirrored first, left to right, and then turned clockwise. */
export interface Orientation {
  /** Its place among {@link ORIENTATIONS}, of which each exists once: equal ones are the same object. */
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

/** One of the eight; `quarterTurns` is any whole number, clockwise. */
export function orientationOf(quarterTurns: number, isMirrored: boolean): Orientation {
  const index = ((quarterTurns % 4) + 4) % 4 + (isMirrored ? 4 : 0);
  const found = ORIENTATIONS[index];
  if (found === undefined) throw new RangeError(`no orientation of ${quarterTurns} quarter turns`);
  return found;
}

/** Shown as it is coded. */
export const UPRIGHT: Orientation = orientationOf(0, false);

/**
 * The orientation nearest to a linear map, as containers and streams write it: the coded point (p, q) is
 * shown at (a p + c q, b p + d q), x to the right and y down. Scale does not matter. A map that is none,
 * such as all zeros, is taken as upright.
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

/** An orientation turned further, by quarter turns clockwise. */
export function turned(orientation: Orientation, quarterTurns: number): Orientation {
  return orientationOf(orientation.quarterTurns + quarterTurns, orientation.isMirrored);
}

/** The orientation that undoes another. */
export function inverse({ quarterTurns, isMirrored }: Orientation): Orientation {
  // A mirrored one undoes itself: turning it back mirrored turns the same way.
  return orientationOf(isMirrored ? quarterTurns : -quarterTurns, isMirrored);
}

/** Whether width and height change places. */
export function isSideways({ quarterTurns }: Orientation): boolean {
  return quarterTurns % 2 === 1;
}

/** A size in the other space: coded for shown, shown for coded. */
export function acrossSize({ width, height }: SizePx, orientation: Orientation): SizePx {
  return isSideways(orientation) ? { width: height, height: width } : { width, height };
}

/** Shapes of pixels beyond this are taken for nonsense: a stream can announce 65535 to 1. */
const MAX_PIXEL_ASPECT = 8;

/** The width of a pixel by its height, or null where that is not said or cannot be meant. */
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
 * How a picture is shown. The shorter side of its pixels is stretched, so that no detail is lost and one
 * axis keeps its coordinates: 720x480 of pixels 8:9 is shown at 720x540.
 */
export function viewOf(coded: SizePx, orientation: Orientation, pixelAspect: number): View {
  const stretched = {
    width: Math.round(coded.width * Math.max(1, pixelAspect)),
    height: Math.round(coded.height * Math.max(1, 1 / pixelAspect)),
  };
  return { coded, shown: acrossSize(stretched, orientation), orientation, pixelAspect };
}

/** The same for people and machines to read. */
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

/** The part of the coded picture that a part of the picture as shown is, in fractions. */
export function codedPart(shown: BoxNorm, orientation: Orientation): BoxNorm {
  return boxNorm(mapped(shown, { width: 1, height: 1 }, inverse(orientation)));
}

/** Where pixels of the coded picture are in the picture as shown; fractions of a pixel are kept. */
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

/** A box of a picture of `size`, in the picture that it becomes. */
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

/** Where the values of a picture as shown lie among those of the coded one, counted in values. */
export interface Walk {
  /** Of the top left corner as shown. */
  readonly start: number;
  /** From one value to the next on its right, and below it, as shown. */
  readonly stepX: number;
  readonly stepY: number;
}

/**
 * How to read a coded picture in the order in which it is shown.
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
