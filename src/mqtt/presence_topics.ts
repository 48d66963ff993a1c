import {
  type PresenceDetector,
  type PresencePlan,
  type Scene,
  WHOLE_PICTURE,
} from "../core/presence_types.ts";
import type { CheckedTopic } from "../core/publisher_types.ts";
import type { Topics } from "./topics.ts";

/** In place of a class in what a check tries: it would put its text in place of a picture. */
const CHECKED_CLASS = "orion-check";

/** The cameras of some detectors. */
export function camerasOf(detectors: readonly PresenceDetector[]): ReadonlySet<string> {
  return new Set(detectors.flatMap(({ cameras }) => cameras));
}

/** The detectors whose pictures may leave the process. */
function picturing(detectors: readonly PresenceDetector[]): readonly PresenceDetector[] {
  return detectors.filter(({ settings }) => settings.snapshot !== "none");
}

/** Detectors whose pictures may leave the process, and their cameras. */
export interface Picturing {
  readonly detectors: ReadonlySet<string>;
  readonly cameras: ReadonlySet<string>;
}

/** Of which detectors and cameras pictures may leave the process. */
export function picturingOf({ detectors }: PresencePlan): Picturing {
  const found = picturing(detectors);
  return { detectors: new Set(found.map(({ detector }) => detector)), cameras: camerasOf(found) };
}

/** The zones whose occupancy is published, by camera; cameras without presence have none. */
export function zonesByCamera(
  { detectors, scenes }: PresencePlan,
): ReadonlyMap<string, ReadonlySet<string>> {
  const cameras = camerasOf(detectors);
  return new Map(
    scenes.filter(({ camera }) => cameras.has(camera))
      .map((scene) => [scene.camera, new Set(zonesOf(scene))]),
  );
}

/** The zones whose occupancy is published, the whole picture first. */
export function zonesOf(scene: Scene | undefined): readonly string[] {
  return [WHOLE_PICTURE, ...scene?.zones.map(({ id }) => id) ?? []];
}

/** The topics of presence, as a check of the broker tries them. */
export function presenceTopics(
  { detectors, scenes }: PresencePlan,
  topics: Topics,
): CheckedTopic[] {
  const checked: CheckedTopic[] = [
    { topic: topics.stays, qos: 1, retain: true },
    { topic: topics.staysSent, qos: 0, retain: true },
  ];
  for (const camera of camerasOf(detectors)) {
    const scene = scenes.find((each) => each.camera === camera);
    checked.push(
      { topic: topics.presence(camera), qos: 1, retain: false },
      ...zonesOf(scene).map((zone) => ({
        ...{ topic: topics.occupancy(camera, zone), qos: 1, retain: true } as const,
      })),
      ...scene?.lines.map(({ id }) => ({
        ...{ topic: topics.crossing(camera, id), qos: 1, retain: false } as const,
      })) ?? [],
    );
  }
  for (const camera of camerasOf(picturing(detectors))) {
    checked.push({ topic: topics.picture(camera, CHECKED_CLASS), qos: 0, retain: true });
  }
  return checked;
}

/** What the service subscribes to for presence. */
export function presenceFilters({ detectSet, left }: Topics): readonly string[] {
  return [detectSet("+"), ...Object.values(left)];
}
