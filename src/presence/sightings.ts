/** What was seen in a frame. */
import type { SteadyMs, WallMs } from "../core/clock.ts";
import type { Detection } from "../core/detector_types.ts";
import type { SizePx } from "../core/geometry.ts";
import type { Inference } from "./whereabouts.ts";

/** The frame in which an object was seen. */
export interface SeenFrame extends Inference {
  readonly seq: number;
  readonly size: SizePx;
  readonly atMs: SteadyMs;
  readonly capturedAtMs: WallMs;
}

/** A detection in its frame. */
export interface Sighting {
  readonly detection: Detection;
  readonly frame: SeenFrame;
}
