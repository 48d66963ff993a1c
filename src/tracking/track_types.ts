/** What a tracker is given, and what it gives. */
import type { SteadyMs } from "../core/clock.ts";
import type { Detection } from "../core/detector_types.ts";
import type { BoxPx, PointPx, SizePx } from "../core/geometry.ts";

/** Where something was seen. */
export interface SeenPlace {
  readonly box: BoxPx;
  readonly atMs: SteadyMs;
}

export interface TrackerOptions {
  /** Begins every id; no other tracker has it, also none of another run. */
  readonly prefix: string;
  /** How long a track that is not seen is kept. */
  readonly keepMs: number;
}

/** The detections of one frame. */
export interface Observation {
  readonly detections: readonly Detection[];
  /** Less confident ones: they continue tracks, and begin none until one is detected with confidence. */
  readonly weak: readonly Detection[];
  /** The size of the picture as shown. */
  readonly size: SizePx;
  /** What of it was looked at; all of it by default. */
  readonly seen?: BoxPx;
  /** When the frame arrived. */
  readonly atMs: SteadyMs;
}

/** An object that was seen in one frame or more. It is as of its frame, and does not change. */
export interface Track {
  readonly id: string;
  readonly class: string;
  /** Where it was last seen. */
  readonly box: BoxPx;
  readonly seenAtMs: SteadyMs;
  /** Where it was first seen, perhaps weakly. */
  readonly first: SeenPlace;
}

/** A track of another thread. */
export interface ResumedTrack extends Omit<Track, "first"> {
  /** The size of the picture that the box refers to. */
  readonly size: SizePx;
  /** Pixels per second; null where it is not known. */
  readonly velocity: PointPx | null;
}

export interface Tracked {
  /** The track of each of `detections`; null beyond the bound of tracks, and for a box without area. */
  readonly detections: readonly (Track | null)[];
  /** The track of each of `weak`; null where it continues none. */
  readonly weak: readonly (Track | null)[];
}
