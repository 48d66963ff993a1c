/** Walkers in front of a tracker. */
import { steadyMs } from "../../../src/core/clock.ts";
import type { Detection } from "../../../src/core/detector_types.ts";
import type { Track, Tracked } from "../../../src/tracking/track_types.ts";
import { Tracker } from "../../../src/tracking/tracker.ts";

export const SIZE = { width: 1280, height: 720 };

/** A detected person, by the middle of the feet. */
export function person(
  x: number,
  { footY = 500, height = 200, confidence = 0.8, ...more }: {
    readonly footY?: number;
    readonly height?: number;
    readonly confidence?: number;
    readonly class?: string;
  } = {},
): Detection {
  const width = 0.4 * height;
  const box = { x: x - width / 2, y: footY - height, width, height };
  return { class: more.class ?? "person", confidence, box };
}

/** A tracker, and the time of its frames. */
export class Watch {
  readonly tracker: Tracker;

  constructor(keepMs = 5000) {
    this.tracker = new Tracker({ prefix: "t", keepMs });
  }

  /** Shows a frame. */
  at(
    seconds: number,
    detections: readonly Detection[],
    weak: readonly Detection[] = [],
    size: { readonly width: number; readonly height: number } = SIZE,
  ): Tracked {
    return this.tracker.observe({ detections, weak, size, atMs: steadyMs(1000 * seconds) });
  }

  /** Shows a frame. @returns the ids of the tracks of its detections */
  ids(seconds: number, ...detections: readonly Detection[]): (string | null)[] {
    return this.at(seconds, detections).detections.map(idOf);
  }
}

export function idOf(track: Track | null): string | null {
  return track?.id ?? null;
}

/** Where someone is at a time; null while hidden. */
export type Walk = (seconds: number) => Detection | null;

/**
 * Shows walks to a tracker.
 * @returns the different ids of each walk, in the order of time
 */
export function follow(
  walks: readonly Walk[],
  seconds: Iterable<number>,
  watch: Watch = new Watch(),
): string[][] {
  const ids: string[][] = walks.map(() => []);
  for (const at of seconds) {
    const seen = walks.flatMap((walk, index) => {
      const detection = walk(at);
      return detection === null ? [] : [{ detection, index }];
    });
    const tracks = watch.ids(at, ...seen.map(({ detection }) => detection));
    for (const [place, { index }] of seen.entries()) {
      const id = tracks[place] ?? "none";
      if (ids[index]?.at(-1) !== id) ids[index]?.push(id);
    }
  }
  return ids;
}

/** The times of frames at a rate, from one time to another. */
export function times(
  rateHz: number,
  { from = 0, to }: { readonly from?: number; readonly to: number },
): number[] {
  const count = Math.floor((to - from) * rateHz);
  return Array.from({ length: count + 1 }, (_, index) => from + index / rateHz);
}
