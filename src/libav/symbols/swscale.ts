/** What Orion calls in libswscale; see `avutil.ts`. */
import { ptr } from "../pointers.ts";

export const SWSCALE = {
  swscale_version: { parameters: [], result: "u32" },
  sws_isSupportedInput: {
    parameters: [
      "i32", // enum AVPixelFormat pix_fmt
    ],
    result: "i32",
  },
  sws_isSupportedOutput: {
    parameters: [
      "i32", // enum AVPixelFormat pix_fmt
    ],
    result: "i32",
  },
  sws_getContext: {
    parameters: [
      "i32", // int srcW
      "i32", // int srcH
      "i32", // enum AVPixelFormat srcFormat
      "i32", // int dstW
      "i32", // int dstH
      "i32", // enum AVPixelFormat dstFormat
      "i32", // int flags
      ptr("SwsFilter"), // SwsFilter *srcFilter
      ptr("SwsFilter"), // SwsFilter *dstFilter
      ptr("double"), // const double *param
    ],
    result: ptr("SwsContext"),
  },
  sws_freeContext: {
    parameters: [
      ptr("SwsContext"), // struct SwsContext *swsContext
    ],
    result: "void",
  },
  sws_getCoefficients: {
    parameters: [
      "i32", // int colorspace
    ],
    result: ptr("int[4]"),
  },
  sws_setColorspaceDetails: {
    parameters: [
      ptr("SwsContext"), // struct SwsContext *c
      ptr("int[4]"), // const int inv_table[4]
      "i32", // int srcRange
      ptr("int[4]"), // const int table[4]
      "i32", // int dstRange
      "i32", // int brightness
      "i32", // int contrast
      "i32", // int saturation
    ],
    result: "i32",
  },
  sws_scale: {
    parameters: [
      ptr("SwsContext"), // struct SwsContext *c
      "buffer", // const uint8_t *const srcSlice[]
      "buffer", // const int srcStride[]
      "i32", // int srcSliceY
      "i32", // int srcSliceH
      "buffer", // uint8_t *const dst[]
      "buffer", // const int dstStride[]
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
