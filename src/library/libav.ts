/**
 * Frames of cameras and files, as JPEG or tensor, through Orion's RTSP client and the libav of the
 * system. Importing it starts nothing. Version 0: what is exported here may still change, with a line
 * in the changelog.
 *
 * @module
 */
export { frames } from "./frames.ts";
export type { DecodedFrame, FrameTensor, TensorOptions } from "./decoded_frame.ts";
export { FramesError, type FramesOptions, type FramesTls } from "./options.ts";
export { locateLibav, type LocateOptions } from "../libav/locate.ts";
export {
  type ErrorData,
  type ErrorProblem,
  LibraryError,
  OrionError,
  StreamError,
} from "../core/errors.ts";
export {
  type BoxPx,
  type Corners,
  type Fit,
  type InputFit,
  type Placement,
  type SizePx,
  unletterbox,
} from "../core/geometry.ts";
export type { LibavPaths } from "../core/camera_types.ts";
export type { CaptureClock } from "../core/frame_meta.ts";
