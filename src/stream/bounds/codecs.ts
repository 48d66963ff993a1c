import { BoundsError } from "./errors.ts";
import { Av1Inspector } from "./av1.ts";
import { H264Inspector } from "./h264.ts";
import { H265Inspector } from "./h265.ts";
import type { Inspector } from "./inspector.ts";
import { JpegInspector } from "./jpeg.ts";
import { Mpeg4Inspector } from "./mpeg4.ts";
import { Vp8Inspector, Vp9Inspector } from "./vpx.ts";

/** The inspectors of the supported codecs, by libav's name of the codec. */
const INSPECTORS: ReadonlyMap<string, (maxPixels: number) => Inspector> = new Map<
  string,
  (maxPixels: number) => Inspector
>([
  ["h264", (maxPixels) => new H264Inspector(maxPixels)],
  ["hevc", (maxPixels) => new H265Inspector(maxPixels)],
  ["mjpeg", (maxPixels) => new JpegInspector(maxPixels)],
  ["mpeg4", (maxPixels) => new Mpeg4Inspector(maxPixels)],
  ["av1", (maxPixels) => new Av1Inspector(maxPixels)],
  ["vp8", (maxPixels) => new Vp8Inspector(maxPixels)],
  ["vp9", (maxPixels) => new Vp9Inspector(maxPixels)],
]);

/**
 * Makes the inspector of a codec.
 * @throws {BoundsError} `STREAM_CODEC` for an unsupported codec
 */
export function inspectorFor(codecName: string, maxPixels: number): Inspector {
  const make = INSPECTORS.get(codecName);
  if (make !== undefined) return make(maxPixels);
  throw new BoundsError("STREAM_CODEC", `Refused to decode ${codecName}`);
}
