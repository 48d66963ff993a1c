import type { Age } from "./age.ts";
import type { WallMs } from "./clock.ts";
import type { BoxPx, InputFit, SizePx } from "./geometry.ts";

/** The source of `capturedAt`. */
export type CaptureClock = "rtcp" | "arrival" | "file";

/** The metadata of a frame that is handed to an inference worker. */
export interface FrameMeta {
  readonly camera: string;
  /** Counts the camera's video frames from 0; never goes back within one run. */
  readonly seq: number;
  /** The size of the frame as displayed, before cropping. */
  readonly size: SizePx;
  readonly keyframe: boolean;
  /** Seconds since the connection's first frame; for files the position in the clip. */
  readonly ptsSeconds: number;
  readonly capturedAtMs: WallMs;
  readonly clock: CaptureClock;
  /** The region of interest, or null for the whole frame. */
  readonly roi: BoxPx | null;
  /** The size of the tensor, and how the frame was fitted into it. */
  readonly fit: InputFit;
  /** From the frame's arrival to the start of its conversion. */
  readonly queueMs: number;
  readonly convertMs: number;
  /** Frames dropped or not decoded since the previous delivery, for whatever reason. */
  readonly dropsSinceLast: number;
}

/** A frame's metadata and its age since its packet arrived. */
export interface SentFrame {
  readonly meta: FrameMeta;
  readonly age: Age;
}
