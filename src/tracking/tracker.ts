import type { SteadyMs } from "../core/clock.ts";
import type { Detection } from "../core/detector_types.ts";
import { OrionError } from "../core/errors.ts";
import type { BoxPx, SizePx } from "../core/geometry.ts";

export interface TrackerOptions {
  /** Begins every id; no other tracker has it, also none of another run. */
  readonly prefix: string;
  /** How long a track that is not seen is kept. */
  readonly keepMs: number;
}

/** The detections of one frame. */
export interface Observation {
  readonly detections: readonly Detection[];
  /** Less confident ones: they continue tracks, and begin none. */
  readonly weak: readonly Detection[];
  /** The size of the picture as shown. */
  readonly size: SizePx;
  /** When the frame arrived. */
  readonly atMs: SteadyMs;
}

/** An object that was seen in one frame or more. */
export interface Track {
  readonly id: string;
  readonly class: string;
  /** Where it was last seen. */
  readonly box: BoxPx;
  readonly seenAtMs: SteadyMs;
}

export interface Tracked {
  /** The track of each of `detections`; null beyond the bound of tracks. */
  readonly detections: readonly (Track | null)[];
  /** The track of each of `weak`; null where it continues none. */
  readonly weak: readonly (Track | null)[];
}

/** Follows the objects of one camera and detector from frame to frame. */
export class Tracker {
  constructor(_options: TrackerOptions) {}

  /** How long a track that is not seen is kept, from now on. */
  set keepMs(_keepMs: number) {}

  /** Assigns the detections of a frame; frames may come out of order. */
  observe(_observation: Observation): Tracked {
    throw new OrionError({
      code: "TRACKER",
      message: "the tracker is not there yet",
      retryable: false,
      remedy: "",
    });
  }

  /** Continues a track of another thread. */
  resume(_track: Track): void {}
}
