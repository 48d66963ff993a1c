import { codedPart, shownPart, type View } from "../core/display.ts";
import { boxNorm, type BoxPx, type SizePx, wholeOf } from "../core/geometry.ts";
import { encodeJpeg, type JpegPart, type JpegStroke } from "../libav/jpeg.ts";
import type { Libav } from "../libav/library.ts";
import type { Masks } from "./delivered_frames.ts";
import { enlarged, maskSpans } from "./masks.ts";
import type { SharedFrame } from "./shared_frame.ts";
import type { PictureRequest } from "./stay_pictures.ts";

/** The margin on each side of the box, as a part of that side. */
const MARGIN = 0.2;
/** The shortest side of a crop, in pixels of the picture as shown, where that is as large. */
export const MIN_CROP_PX = 160;
/** The longest side of the JPEG of a crop and of a whole frame, which both travel in messages. */
export const MAX_CROP_JPEG_PX = 640;
export const MAX_FRAME_JPEG_PX = 1280;
/** The corner of a crop is on a whole chroma sample in every pixel format. */
const CORNER_STEP_PX = 4;
/** What conversions between the picture as coded and as shown may be off. */
const ROUNDING_PX = 1e-6;
/** Red, green, blue. */
const BLACK = [0, 0, 0] as const;
/** A JPEG has at least one chroma sample. */
const MIN_JPEG_PX = 2;

/** The part of a picture that is encoded. */
export interface PicturePart {
  /** In whole pixels as coded. */
  readonly crop: BoxPx;
  /** The same in the picture as shown. */
  readonly shown: BoxPx;
  /** The size of the JPEG. */
  readonly size: SizePx;
}

/** Encodes the picture of a stay in display orientation. @throws {StreamError} as `encodeJpeg` */
export function stayJpeg(
  libav: Libav,
  { frame: { picture, info }, masks, ...wish }: PictureRequest<SharedFrame>,
): ArrayBuffer {
  const { view } = info;
  return encodeJpeg(libav, picture, view, jpegPart(picturePart(wish, view), { view, masks }));
}

/** A part as it is encoded: what is masked is black, and `drawn` is painted over that. */
export function jpegPart(
  { crop, shown, size }: PicturePart,
  { view, masks }: { readonly view: View; readonly masks: Masks },
  drawn: readonly JpegStroke[] = [],
): JpegPart {
  const fit = { ...size, crop: shown, dx: 0, dy: 0 };
  const spans = (stride: number) => {
    const masked = maskSpans(masks, view.shown, fit, { width: stride, height: size.height });
    return enlarged(masked, size, stride);
  };
  return { crop, size, strokes: [{ colour: BLACK, spans }, ...drawn] };
}

/**
 * Chooses the part of a picture to encode: the whole, or the box with a margin, enlarged to whole chroma
 * samples. It is not scaled up.
 */
export function picturePart(
  { box, mode }: Pick<PictureRequest<unknown>, "box" | "mode">,
  view: View,
): PicturePart {
  const { coded } = view;
  if (mode === "frame") return wholePart(view, MAX_FRAME_JPEG_PX);
  const { width, height } = view.shown;
  const across = widened(box.x, box.width, width);
  const down = widened(box.y, box.height, height);
  const part = codedPart(
    boxNorm({
      x: across.start / width,
      y: down.start / height,
      width: across.length / width,
      height: down.length / height,
    }),
    view.orientation,
  );
  const columns = onSamples(part.x, part.width, coded.width);
  const rows = onSamples(part.y, part.height, coded.height);
  const crop = { x: columns.start, y: rows.start, width: columns.length, height: rows.length };
  const shown = shownPart(crop, view);
  return { crop, shown, size: jpegSize(shown, MAX_CROP_JPEG_PX) };
}

/** The whole picture; its JPEG is not longer than `most` on its longer side. */
export function wholePart({ coded, shown: size }: View, most: number): PicturePart {
  const shown = wholeOf(size);
  return { crop: wholeOf(coded), shown, size: jpegSize(shown, most) };
}

/** One side of a box with its margin, at least {@link MIN_CROP_PX} long, moved into the picture. */
function widened(start: number, length: number, full: number) {
  const wanted = Math.max(length * (1 + 2 * MARGIN), MIN_CROP_PX);
  const inside = Math.min(wanted, full);
  const first = start + length / 2 - inside / 2;
  return { start: Math.min(Math.max(0, first), full - inside), length: inside };
}

/** A part of a side of the coded picture, enlarged to whole chroma samples within it. */
function onSamples(start: number, length: number, full: number) {
  const step = CORNER_STEP_PX;
  const first = Math.floor((start * full + ROUNDING_PX) / step) * step;
  const end = Math.ceil(((start + length) * full - ROUNDING_PX) / step) * step;
  return { start: first, length: Math.min(full, end) - first };
}

function jpegSize({ width, height }: SizePx, most: number): SizePx {
  const scale = Math.min(1, most / Math.max(width, height));
  return {
    width: Math.max(MIN_JPEG_PX, Math.round(width * scale)),
    height: Math.max(MIN_JPEG_PX, Math.round(height * scale)),
  };
}
