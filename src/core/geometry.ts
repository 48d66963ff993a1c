/** Width and height in pixels. */
export interface SizePx {
  readonly width: number;
  readonly height: number;
}

declare const normalised: unique symbol;

/** A rectangle in pixels; x and y are the top left corner. */
export interface BoxPx extends SizePx {
  readonly x: number;
  readonly y: number;
  readonly [normalised]?: never;
}

/** A rectangle in fractions (0..1) of a frame; x and y are the top left corner. */
export interface BoxNorm {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly [normalised]: true;
}

/** A point, or a way, in pixels of the picture as shown. */
export interface PointPx {
  readonly x: number;
  readonly y: number;
}

/** A point in fractions (0..1) of a frame. */
export interface PointNorm {
  readonly x: number;
  readonly y: number;
}

/** Brands a box of validated fractions of a frame. */
export function boxNorm(box: Omit<BoxNorm, typeof normalised>): BoxNorm {
  // The one place that asserts the brand, which exists for the compiler only.
  return { x: box.x, y: box.y, width: box.width, height: box.height } as BoxNorm;
}

/** Where a picture lies in a network input of another shape, or that it fills it, out of proportion. */
export type Placement = "centre" | "top-left" | "stretch";

/** Where a source rectangle lies in another picture: its size, and what is left of and above it. */
export interface Fit extends SizePx {
  /** The fitted part of the source frame, in source pixels. */
  readonly crop: BoxPx;
  /** Width of the bar on the left, in input pixels. */
  readonly dx: number;
  /** Height of the bar on top, in input pixels. */
  readonly dy: number;
}

/** Where a source rectangle lies in a network input. */
export interface InputFit extends Fit {
  readonly input: SizePx;
}

/**
 * Fits a crop of the source into a network input: as large as possible, aspect ratio kept; unless it is
 * stretched.
 *
 * `s = min(W / w, H / h)`, size `round(w s) × round(h s)`, centred at `(W - width) >> 1` and alike.
 * @param crop   the part of the source frame, in source pixels
 * @param input  the network input's size in pixels
 */
export function letterbox(
  crop: BoxPx,
  { width, height }: SizePx,
  placement: Placement = "centre",
): InputFit {
  const input = { width, height };
  if (placement === "stretch") return { crop, input, width, height, dx: 0, dy: 0 };
  const scale = Math.min(width / crop.width, height / crop.height);
  const fitted = {
    width: Math.max(1, Math.min(width, Math.round(crop.width * scale))),
    height: Math.max(1, Math.min(height, Math.round(crop.height * scale))),
  };
  if (placement === "top-left") return { crop, input, ...fitted, dx: 0, dy: 0 };
  const dx = (width - fitted.width) >> 1;
  const dy = (height - fitted.height) >> 1;
  return { crop, input, ...fitted, dx, dy };
}

/** Two opposite corners of a rectangle. */
export interface Corners {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * Inverts a letterbox: network-input pixels to source pixels.
 *
 * Each axis has its own scale: rounding the fitted size makes them differ by up to half an input pixel.
 * @param corners  of the box, in pixels of the network input
 * @param fit      how the source was fitted, from {@link letterbox}
 * @returns pixels of the source frame, clipped to the fitted crop
 */
export function unletterbox(corners: Corners, fit: Fit): BoxPx {
  const { crop } = fit;
  const x = (value: number) => clamp((value - fit.dx) * (crop.width / fit.width), 0, crop.width);
  const y = (value: number) => clamp((value - fit.dy) * (crop.height / fit.height), 0, crop.height);
  const left = x(corners.x1);
  const top = y(corners.y1);
  return {
    x: crop.x + left,
    y: crop.y + top,
    width: x(corners.x2) - left,
    height: y(corners.y2) - top,
  };
}

/**
 * Applies a letterbox: source pixels to network-input pixels. The inverse of {@link unletterbox}, without
 * clipping.
 * @param box  in pixels of the source frame
 * @param fit  how the source was fitted, from {@link letterbox}
 */
export function toInput(box: BoxPx, fit: Fit): Corners {
  const { crop, dx, dy } = fit;
  const scaleX = fit.width / crop.width;
  const scaleY = fit.height / crop.height;
  const x1 = dx + (box.x - crop.x) * scaleX;
  const y1 = dy + (box.y - crop.y) * scaleY;
  return { x1, y1, x2: x1 + box.width * scaleX, y2: y1 + box.height * scaleY };
}

/**
 * Converts a region of interest to whole pixels of a frame.
 *
 * Corners are even, because a crop is an offset on the planes of a 4:2:0 picture; the crop is at least
 * 2 × 2 and within the frame.
 */
export function cropOf(roi: BoxNorm | null, frame: SizePx): BoxPx {
  if (roi === null) return wholeOf(frame);
  const span = (start: number, length: number, full: number) => {
    // Rounded down, so that two pixels remain of an odd length as well.
    const last = Math.max(0, Math.floor((full - 2) / 2) * 2);
    const from = clamp(even(start * full), 0, last);
    const end = Math.min(full, Math.max(from + 2, even((start + length) * full)));
    return { from, length: end - from };
  };
  const horizontal = span(roi.x, roi.width, frame.width);
  const vertical = span(roi.y, roi.height, frame.height);
  return {
    x: horizontal.from,
    y: vertical.from,
    width: horizontal.length,
    height: vertical.length,
  };
}

/** The area that two rectangles in the same space have in common. */
export function commonArea(a: BoxPx, b: BoxPx): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width <= 0 || height <= 0 ? 0 : width * height;
}

/** Intersection over union of two rectangles in the same space, 0..1. */
export function iou(a: BoxPx, b: BoxPx): number {
  const both = commonArea(a, b);
  return both === 0 ? 0 : both / (a.width * a.height + b.width * b.height - both);
}

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

/** Factors across and down, from one picture to another of the same view. */
export interface Scale {
  readonly x: number;
  readonly y: number;
}

/** How a picture of one size is scaled to another; one without an area is not scaled. */
export function scaleOf(from: SizePx, to: SizePx): Scale {
  if (!(from.width > 0 && from.height > 0)) return { x: 1, y: 1 };
  return { x: to.width / from.width, y: to.height / from.height };
}

/** The whole of a picture. */
export function wholeOf({ width, height }: SizePx): BoxPx {
  return { x: 0, y: 0, width, height };
}

/** A rectangle in a picture of another size. */
export function scaled(box: BoxPx, { x, y }: Scale): BoxPx {
  return { x: x * box.x, y: y * box.y, width: x * box.width, height: y * box.height };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

function even(value: number): number {
  return Math.round(value / 2) * 2;
}
