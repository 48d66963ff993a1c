/** What a {@link CaptureRun} plays and records. */
import type { CameraState } from "../../../src/core/camera_types.ts";
import type { SteadyMs } from "../../../src/core/clock.ts";
import type { FrameMeta } from "../../../src/core/frame_meta.ts";
import type { InputPolicy } from "../../../src/core/model_input.ts";

/** A detector that takes every frame that is announced to it. */
export interface PlayedDetector {
  readonly id: string;
  readonly rateHz: number | null;
  /** How long after a frame was announced it takes; absent: at once. */
  readonly lateMs?: number;
  /** Whether its frames can be pictures of stays. */
  readonly pictures?: boolean;
  readonly input?: InputPolicy;
  /** Gets the tensor, valid until it returns. */
  readonly onFrame?: (meta: FrameMeta, tensor: Float32Array) => void;
}

/** A frame that a detector got. */
export interface TakenFrame {
  readonly detector: string;
  /** The frame that was announced to it; the delivered one may be newer. */
  readonly announcedSeq: number;
  readonly meta: FrameMeta;
  /** When its packet arrived, by the clock of this thread. */
  readonly arrivedAtMs: SteadyMs;
}

/** A state that the worker reported. */
export interface ReportedState {
  readonly state: CameraState;
  readonly reason: string | null;
  readonly reconnects: number;
  readonly atMs: number;
}
