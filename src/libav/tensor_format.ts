import { LibraryError } from "../core/errors.ts";
import type { Libav } from "./library.ts";

/** Planar RGB of 32-bit floats: what `sws_scale` writes into a tensor (see `converter.ts`). */
const TENSOR_FORMAT = "gbrpf32le";

/**
 * The number of the pixel format of tensors in these libraries.
 * @throws {LibraryError} `LIBAV_UNSUPPORTED` when libswscale cannot write it
 */
export function tensorFormat(libav: Libav): number {
  const format = libav.pixelFormat(TENSOR_FORMAT);
  if (format !== null && libav.swscale.sws_isSupportedOutput(format) > 0) return format;
  throw new LibraryError({
    code: "LIBAV_UNSUPPORTED",
    message: `Cannot use libswscale ${libav.versions.swscale}: it does not write ${TENSOR_FORMAT}`,
    retryable: false,
    remedy: "Install FFmpeg 4.3 or newer.",
  });
}
