import type { LivePicture } from "../core/live_types.ts";
import type { JpegEncoder } from "../libav/jpeg.ts";
import type { LiveRequest } from "./live_pictures.ts";
import { boxSpans, lineSpans, zoneSpans } from "./outlines.ts";
import type { SharedFrame } from "./shared_frame.ts";
import { jpegPart, wholePart } from "./stay_jpeg.ts";

/** The longest side of a live picture. */
export const MAX_LIVE_PX = 960;

/** Red, green, blue. */
const ZONE_COLOUR = [64, 144, 255] as const;
const LINE_COLOUR = [255, 176, 0] as const;
const BOX_COLOUR = [48, 232, 96] as const;

/**
 * Encodes a live picture in display orientation. Masks and drawings are painted on the scaled copy; the
 * frame is not written to.
 * @throws {StreamError} as `JpegEncoder.encode`
 */
export function liveJpeg(
  encoder: JpegEncoder,
  { frame: { picture, info }, masks, drawing }: LiveRequest<SharedFrame>,
): Pick<LivePicture, "capturedAtMs" | "width" | "height" | "bytes"> {
  const { view: { shown }, view } = info;
  const whole = wholePart(view, MAX_LIVE_PX);
  const { size } = whole;
  const drawn = drawing === null ? [] : [
    { colour: ZONE_COLOUR, spans: (stride: number) => zoneSpans(drawing.zones, size, stride) },
    { colour: LINE_COLOUR, spans: (stride: number) => lineSpans(drawing.lines, size, stride) },
    {
      colour: BOX_COLOUR,
      spans: (stride: number) => boxSpans(drawing.boxes, { shown, size, stride }),
    },
  ];
  const bytes = encoder.encode(picture, view, jpegPart(whole, { view, masks }, drawn));
  return { capturedAtMs: info.capturedAtMs, ...size, bytes };
}
