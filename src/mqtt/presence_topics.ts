import { type PresencePlan, WHOLE_PICTURE } from "../core/presence_types.ts";
import type { CheckedTopic } from "../core/publisher_types.ts";
import type { Topics } from "./topics.ts";

/** In place of a class in what a check tries: it would put its text in place of a picture. */
const CHECKED_CLASS = "orion-check";

/** The topics of presence, as a check of the broker tries them. */
export function presenceTopics(
  { detectors, scenes }: PresencePlan,
  topics: Topics,
): CheckedTopic[] {
  const checked: CheckedTopic[] = [
    { topic: topics.stays, qos: 1, retain: true },
    { topic: topics.staysSent, qos: 0, retain: true },
  ];
  const cameras = new Set(detectors.flatMap(({ cameras }) => cameras));
  for (const camera of cameras) {
    const scene = scenes.find((each) => each.camera === camera);
    const zones = [WHOLE_PICTURE, ...scene?.zones.map(({ id }) => id) ?? []];
    checked.push(
      { topic: topics.presence(camera), qos: 1, retain: false },
      ...zones.map((zone) => ({
        ...{ topic: topics.occupancy(camera, zone), qos: 1, retain: true } as const,
      })),
      ...scene?.lines.map(({ id }) => ({
        ...{ topic: topics.crossing(camera, id), qos: 1, retain: false } as const,
      })) ?? [],
    );
  }
  const pictured = new Set(
    detectors.filter(({ settings }) => settings.snapshot !== "none")
      .flatMap(({ cameras }) => cameras),
  );
  for (const camera of pictured) {
    checked.push({ topic: topics.picture(camera, CHECKED_CLASS), qos: 0, retain: true });
  }
  return checked;
}

/** What the service subscribes to for presence. */
export function presenceFilters({ detectSet, left }: Topics): readonly string[] {
  return [detectSet("+"), left.stays, left.pictures, left.occupancy];
}
