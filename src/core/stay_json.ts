/** The JSON of a stay, as far as its messages, the retained list and HTTP have it in common. */
import { isoTime, sinceMs } from "./clock.ts";
import { roundedBox } from "./geometry.ts";
import type { Stay } from "./presence_types.ts";
import { round } from "./round.ts";

/** The keys of a stay in `orion.presence/1`, without those that each of them adds. */
export function stayFields(stay: Stay) {
  const { best } = stay;
  return {
    camera: stay.camera,
    detector: stay.detector,
    class: stay.class,
    id: stay.id,
    track: stay.track,
    startedAt: isoTime(stay.startedAtMs),
    seenAt: isoTime(stay.seenAtMs),
    endedAt: stay.endedAtMs === null ? null : isoTime(stay.endedAtMs),
    zones: { current: [...stay.zones.current], visited: [...stay.zones.visited] },
    reason: stay.reason,
    best: {
      capturedAt: isoTime(best.capturedAtMs),
      seq: best.seq,
      confidence: round(best.confidence, 4),
      box: roundedBox(best.box, stay.size),
    },
  };
}

/** From when an object was first seen to when it was last seen, to the millisecond. */
export function dwellSeconds({ startedAtMs, seenAtMs }: Stay): number {
  // The wall clock may have been set back meanwhile.
  return round(Math.max(0, sinceMs(startedAtMs, seenAtMs)) / 1000, 3);
}
