/** The JSON of stays and of the presence at a camera, as HTTP answers it. */
import { isoTime } from "../core/clock.ts";
import type { Occupancy, PathNorm, Stay, Zone } from "../core/presence_types.ts";
import { writtenLine, writtenPolygon } from "../core/scene_schema.ts";
import { dwellSeconds, stayFields } from "../core/stay_json.ts";
import type { ConfiguredScene, DetectorView, PresenceView } from "./presence_view.ts";

/**
 * A stay with the keys of `orion.presence/1` and its path; its picture is an address in place of the bytes.
 * @param hasPicture  whether its JPEG is in memory
 */
export function stayJson(stay: Stay, hasPicture: boolean) {
  const { best, ...rest } = stayFields(stay);
  const jpeg = hasPicture ? `/presence/${stay.id}.jpg` : null;
  return {
    ...rest,
    dwellSeconds: dwellSeconds(stay),
    best: { ...best, jpeg },
    path: pathJson(stay.path),
  };
}

/** As points [x, y]. */
function pathJson(path: PathNorm): [x: number, y: number][] {
  return Array.from(
    { length: path.length / 2 },
    (_, at) => [path[2 * at] ?? 0, path[2 * at + 1] ?? 0],
  );
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

function zoneJson({ id, polygon, classes }: Zone) {
  return { id, polygon: writtenPolygon(polygon), classes };
}

function occupancyJson({ zone, occupied, counts, sinceMs: since }: Occupancy) {
  return { zone, occupied, counts, since: isoTime(since) };
}
