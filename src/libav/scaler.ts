import { StreamError } from "../core/errors.ts";
import type { Colours } from "./colours.ts";
import type { Libav } from "./library.ts";
import { NULL, type Ptr } from "./pointers.ts";

export const SWS_BILINEAR = 2;
/** 1.0 in the 16.16 fixed point of contrast and saturation. */
const ONE = 1 << 16;
/**
 * swscale computes colours in 16 bits with white at 255 * 256, but divides by 65535 = 255 * 257 for
 * floats, which is 0.4 % too dark. The contrast compensates for it.
 */
const CONTRAST = ONE + ONE / 256;

/** The parameters of an `SwsContext`. */
export interface ScalerPlan extends Colours {
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly format: number;
  readonly formatName: string;
  readonly width: number;
  readonly height: number;
}

/** An `SwsContext`, owned by the caller. */
export interface Scaler extends ScalerPlan {
  readonly context: Ptr<"SwsContext">;
}

/**
 * Makes a scaler that writes planar floats.
 * @param into  the number of the target pixel format, and `SWS_*` flags
 * @throws {StreamError} `STREAM_PIXEL_FORMAT` when libswscale refuses
 */
export function openScaler(
  libav: Libav,
  plan: ScalerPlan,
  into: { readonly format: number; readonly flags: number },
): Scaler {
  const { swscale } = libav;
  const { sourceWidth, sourceHeight, width, height } = plan;
  const context = swscale.sws_getContext(
    sourceWidth,
    sourceHeight,
    plan.format,
    width,
    height,
    into.format,
    into.flags,
    NULL,
    NULL,
    NULL,
  );
  if (context === NULL) {
    throw new StreamError({
      code: "STREAM_PIXEL_FORMAT",
      message: `Cannot convert ${plan.formatName} ${sourceWidth}x${sourceHeight} to ` +
        `${width}x${height}: libswscale refused`,
      retryable: false,
      remedy: "Choose another resolution or codec in the camera.",
    });
  }
  libav.count("scaler", 1);
  const table = swscale.sws_getCoefficients(plan.matrix);
  // Fails for sources without a colour matrix (RGB), which need none.
  swscale.sws_setColorspaceDetails(context, table, plan.full ? 1 : 0, table, 1, 0, CONTRAST, ONE);
  return { ...plan, context };
}
