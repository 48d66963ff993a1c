/** What is drawn on a picture, as spans of pixels: outlines of boxes and polygons, and lines. */
import type { Drawing } from "../core/live_types.ts";
import { type BoxPx, type PointNorm, type SizePx, wholeOf } from "../core/geometry.ts";
import { type MaskSpans, maskSpans } from "./masks.ts";

/** The longer side of a picture by the width of what is drawn on it, which is at least two pixels. */
const SIDE_BY_STROKE = 320;
const MIN_STROKE_PX = 2;

/** The width of what is drawn on a picture. */
export function strokePx({ width, height }: SizePx): number {
  return Math.max(MIN_STROKE_PX, Math.round(Math.max(width, height) / SIDE_BY_STROKE));
}

/**
 * The outlines of boxes, drawn inwards from their borders.
 * @param shown   the size of the picture that the boxes are in
 * @param size    that of the JPEG
 * @param stride  from one row of it to the next
 */
export function boxSpans(
  boxes: Drawing["boxes"],
  { shown, size, stride }: {
    readonly shown: SizePx;
    readonly size: SizePx;
    readonly stride: number;
  },
): MaskSpans {
  const spans: number[] = [];
  const stroke = strokePx(size);
  for (const box of boxes) {
    const { left, top, right, bottom } = corners(box, shown, size);
    for (let y = top; y < bottom; y++) {
      const row = y * stride;
      const isEdge = y < top + stroke || y >= bottom - stroke;
      if (isEdge || right - left <= 2 * stroke) spans.push(row + left, right - left);
      else spans.push(row + left, stroke, row + right - stroke, stroke);
    }
  }
  return Int32Array.from(spans);
}

/** The outlines of zones, centred on their sides; parameters as of {@link boxSpans}. */
export function zoneSpans(zones: Drawing["zones"], size: SizePx, stride: number): MaskSpans {
  const sides = zones.flatMap((polygon) =>
    polygon.map((from, at) => ({ from, to: polygon[(at + 1) % polygon.length] ?? from }))
  );
  return lineSpans(sides, size, stride);
}

/** Lines, centred on the points they connect. */
export function lineSpans(lines: Drawing["lines"], size: SizePx, stride: number): MaskSpans {
  const whole = { ...size, dx: 0, dy: 0, crop: wholeOf(size) };
  const strips = lines.map(({ from, to }) => strip(from, to, size));
  return maskSpans(strips, size, whole, { width: stride, height: size.height });
}

function corners(box: BoxPx, shown: SizePx, size: SizePx) {
  const across = (x: number) => inside(x * size.width / shown.width, size.width);
  const down = (y: number) => inside(y * size.height / shown.height, size.height);
  return {
    left: across(box.x),
    top: down(box.y),
    right: across(box.x + box.width),
    bottom: down(box.y + box.height),
  };
}

function inside(at: number, full: number): number {
  return Math.min(full, Math.max(0, Math.round(at)));
}

/** The rectangle along a line, as wide as a stroke, in fractions of the picture. */
function strip(from: PointNorm, to: PointNorm, size: SizePx): PointNorm[] {
  const { width, height } = size;
  const along = { x: (to.x - from.x) * width, y: (to.y - from.y) * height };
  const length = Math.hypot(along.x, along.y);
  if (length === 0) return [];
  const half = strokePx(size) / 2 / length;
  // A quarter turn of the line, half a stroke long.
  const aside = { x: -along.y * half / width, y: along.x * half / height };
  const corner = ({ x, y }: PointNorm, sign: 1 | -1) => ({
    x: x + sign * aside.x,
    y: y + sign * aside.y,
  });
  return [corner(from, 1), corner(to, 1), corner(to, -1), corner(from, -1)];
}
