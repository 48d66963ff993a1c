import type { Fit, PointNorm, SizePx } from "../core/geometry.ts";

/** The masked values of one plane of a tensor, by row: pairs of start offset and length, in values. */
export type MaskSpans = Int32Array;

/**
 * Rasterises polygons into a network input: a pixel is masked when its centre lies inside a polygon
 * (even-odd rule).
 * @param masks  polygons in fractions of the source frame
 * @param frame  the source frame's size in pixels
 * @param fit    how the crop was fitted
 * @param input  the network input's size in pixels
 */
export function maskSpans(
  masks: readonly (readonly PointNorm[])[],
  frame: SizePx,
  fit: Fit,
  input: SizePx,
): MaskSpans {
  const spans: number[] = [];
  const toInput = (point: PointNorm) => ({
    x: fit.dx + (point.x * frame.width - fit.crop.x) * (fit.width / fit.crop.width),
    y: fit.dy + (point.y * frame.height - fit.crop.y) * (fit.height / fit.crop.height),
  });
  const polygons = masks.map((mask) => mask.map(toInput));
  for (let row = fit.dy; row < fit.dy + fit.height; row++) {
    for (const polygon of polygons) {
      const crossings = crossingsAt(polygon, row + 0.5);
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        const from = Math.max(fit.dx, Math.ceil((crossings[i] ?? 0) - 0.5));
        const to = Math.min(fit.dx + fit.width, Math.ceil((crossings[i + 1] ?? 0) - 0.5));
        if (to > from) spans.push(row * input.width + from, to - from);
      }
    }
  }
  return Int32Array.from(spans);
}

/** Blacks out the masked values in all three planes. */
export function blackOut(tensor: Float32Array, spans: MaskSpans, planeLength: number): void {
  for (let i = 0; i + 1 < spans.length; i += 2) {
    const start = spans[i] ?? 0;
    const length = spans[i + 1] ?? 0;
    for (let plane = 0; plane < 3; plane++) {
      const at = plane * planeLength + start;
      tensor.fill(0, at, at + length);
    }
  }
}

/**
 * Enlarges masks by the pixels around them, which scaling mixes with masked ones.
 * @param size    of the picture, whose rows begin at a multiple of `stride`
 * @returns spans that overlap
 */
export function enlarged(spans: MaskSpans, size: SizePx, stride: number): MaskSpans {
  const all: number[] = [];
  for (let i = 0; i + 1 < spans.length; i += 2) {
    const start = spans[i] ?? 0;
    const row = Math.floor(start / stride);
    const x = start - row * stride;
    const from = Math.max(0, x - 1);
    const to = Math.min(size.width, x + (spans[i + 1] ?? 0) + 1);
    for (let y = Math.max(0, row - 1); y <= Math.min(size.height - 1, row + 1); y++) {
      all.push(y * stride + from, to - from);
    }
  }
  return Int32Array.from(all);
}

/** X coordinates where a horizontal line crosses a polygon's sides, ascending. */
function crossingsAt(polygon: readonly { x: number; y: number }[], y: number): number[] {
  const xs: number[] = [];
  let before = polygon[polygon.length - 1];
  for (const corner of polygon) {
    if (before !== undefined && (before.y <= y) !== (corner.y <= y)) {
      xs.push(before.x + (y - before.y) * (corner.x - before.x) / (corner.y - before.y));
    }
    before = corner;
  }
  return xs.sort((a, b) => a - b);
}
