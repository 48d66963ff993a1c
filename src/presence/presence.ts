import type { CameraStatus } from "../core/camera_types.ts";
import type { Clock, SteadyMs } from "../core/clock.ts";
import type { InferenceResult } from "../core/detector_types.ts";
import type {
  KeepRequest,
  Placement,
  PresenceChange,
  PresenceEvent,
  PresencePlan,
  Stay,
} from "../core/presence_types.ts";

export interface PresenceParts {
  readonly clock: Clock;
  /** As `crypto.getRandomValues`. */
  readonly randomBytes: (count: number) => Uint8Array;
  /** Called with each event, in the order of time. */
  readonly onEvent: (event: PresenceEvent) => void;
  /** A frame shows a stay better than the one before it: the camera is to keep it. */
  readonly onBetter: (keep: KeepRequest) => void;
}

/** The presence of all cameras and detectors. */
export class Presence {
  constructor(_plan: PresencePlan, _parts: PresenceParts) {}

  /** The open stays. */
  get open(): readonly Stay[] {
    return [];
  }

  /** Continues the open stays of a thread that was replaced. */
  resume(_stays: readonly Stay[]): void {}

  /** Emits the present occupancy of every camera and zone. */
  start(): void {}

  /**
   * Handles the detections of a frame.
   * @returns where each of them is; null where the detector has no presence
   */
  observe(_result: InferenceResult, _arrivedAtMs: SteadyMs): readonly Placement[] | null {
    return null;
  }

  /** Handles the new state of a camera. */
  camera(_status: CameraStatus): void {}

  /** Applies a changed setting from the next frame on. */
  change(_change: PresenceChange): void {}

  /** A camera has kept the frame as the picture of the stay: it is its best frame from now on. */
  kept(_stay: string, _seq: number): void {}

  /** Ends all stays. */
  stop(): void {}
}
