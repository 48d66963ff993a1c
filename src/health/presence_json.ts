/** The JSON of stays and of the presence at a camera, as HTTP answers it. */
import { isoTime, sinceMs } from "../core/clock.ts";
import type { BoxPx } from "../core/geometry.ts";
import type { Occupancy, Stay, Zone } from "../core/presence_types.ts";
import { round } from "../core/round.ts";
import { writtenLine, writtenPolygon } from "../core/scene_schema.ts";
import type { ConfiguredScene, DetectorView, PresenceView } from "./presence_view.ts";

/** From when an object was first seen to when it was last seen, to the millisecond. */
export function dwellSeconds({ startedAtMs, seenAtMs }: Stay): number {
  // The wall clock may have been set back meanwhile.
  return round(Math.max(0, sinceMs(startedAtMs, seenAtMs)) / 1000, 3);
}

/**
 * A stay with the keys of `orion.presence/1`; its picture is a path in place of the bytes.
 * @param hasPicture  whether its JPEG is in memory
 */
export function stayJson(stay: Stay, hasPicture: boolean) {
  const { best } = stay;
  return {
    id: stay.id,
    camera: stay.camera,
    detector: stay.detector,
    class: stay.class,
    track: stay.track,
    startedAt: isoTime(stay.startedAtMs),
    seenAt: isoTime(stay.seenAtMs),
    endedAt: stay.endedAtMs === null ? null : isoTime(stay.endedAtMs),
    dwellSeconds: dwellSeconds(stay),
    zones: stay.zones,
    reason: stay.reason,
    best: {
      capturedAt: isoTime(best.capturedAtMs),
      seq: best.seq,
      confidence: round(best.confidence, 4),
      box: boxJson(best.box),
      jpeg: hasPicture ? `/presence/${stay.id}.jpg` : null,
    },
  };
}

export type StayJson = ReturnType<typeof stayJson>;

/** The presence at a camera; zones and lines as the configuration writes them. */
export function presenceJson({ zones, lines, occupancy, stays }: PresenceView) {
  return {
    zones: zones.map(zoneJson),
    lines: lines.map(writtenLine),
    occupancy: occupancy.map(occupancyJson),
    stays: stays.map(({ detector, class: name, started, ended, open }) => ({
      ...{ detector, class: name, started, ended, open },
    })),
  };
}

/** A detector with its settings of presence; null: without presence. */
export function detectorJson({ id, cameras, presence, configured }: DetectorView) {
  return { id, cameras, presence, configured };
}

/** What the configuration says of a camera's picture, as it is written there. */
export function sceneJson({ roi, masks, zones, lines }: ConfiguredScene) {
  return {
    roi: roi === null ? null : { x: roi.x, y: roi.y, width: roi.width, height: roi.height },
    masks: masks.map(writtenPolygon),
    zones: zones.map(zoneJson),
    lines: lines.map(writtenLine),
  };
}

/** Rounds the corners, as the messages do, and not the size. */
function boxJson({ x, y, width, height }: BoxPx) {
  const [left, top] = [round(x, 1), round(y, 1)];
  return {
    ...{ x: left, y: top },
    width: round(round(x + width, 1) - left, 1),
    height: round(round(y + height, 1) - top, 1),
  };
}

function zoneJson({ id, polygon, classes }: Zone) {
  return { id, polygon: writtenPolygon(polygon), classes };
}

function occupancyJson({ zone, occupied, counts, sinceMs: since }: Occupancy) {
  return { zone, occupied, counts, since: isoTime(since) };
}
