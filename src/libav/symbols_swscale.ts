/** What Orion calls in libswscale; see `symbols.ts`. */
import { ptr } from "./pointers.ts";

export const SWSCALE = {
  swscale_version: { parameters: [], result: "u32" },
  sws_isSupportedInput: { parameters: ["i32" /* pix_fmt */], result: "i32" },
  sws_isSupportedOutput: { parameters: ["i32" /* pix_fmt */], result: "i32" },
  sws_getContext: {
    parameters: [
      "i32", /* srcW */
      "i32", /* srcH */
      "i32", /* srcFormat */
      "i32", /* dstW */
      "i32", /* dstH */
      "i32", /* dstFormat */
      "i32", /* flags */
      ptr("SwsFilter"), /* srcFilter */
      ptr("SwsFilter"), /* dstFilter */
      ptr("double"), /* param */
    ],
    result: ptr("SwsContext"),
  },
  sws_freeContext: { parameters: [ptr("SwsContext") /* swsContext */], result: "void" },
  sws_getCoefficients: { parameters: ["i32" /* colorspace */], result: ptr("int[4]") },
  sws_setColorspaceDetails: {
    parameters: [
      ptr("SwsContext"), /* c */
      ptr("int[4]"), /* inv_table */
      "i32", /* srcRange */
      ptr("int[4]"), /* table */
      "i32", /* dstRange */
      "i32", /* brightness */
      "i32", /* contrast */
      "i32", /* saturation */
    ],
    result: "i32",
  },
  sws_scale: {
    parameters: [
      ptr("SwsContext"), /* c */
      "buffer", /* srcSlice[] */
      "buffer", /* srcStride[] */
      "i32", /* srcSliceY */
      "i32", /* srcSliceH */
      "buffer", /* dst[] */
      "buffer", /* dstStride[] */
    ],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;
