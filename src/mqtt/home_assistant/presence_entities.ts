/** The entities that presence feeds: occupancy, counts, pictures and events. */
import type { HomeAssistantDetector } from "../../core/publisher_types.ts";
import {
  type PresenceDetector,
  type Scene,
  WHOLE_PICTURE,
  type Zone,
} from "../../core/presence_types.ts";
import { type CameraContext, type Entity, nameOf } from "./announcement.ts";
import { count, occupied, PRESENCE_EVENT } from "./templates.ts";

/** The part of an object id in place of a class, for what counts all of them. */
const ANY = "any";

/** A detector of a camera, and its presence. */
export interface PresentDetector {
  readonly shown: HomeAssistantDetector;
  readonly presence: PresenceDetector;
}

/** A zone with the classes that are known to occupy it. */
interface ZoneClasses {
  /** null for the whole picture. */
  readonly zone: string | null;
  readonly classes: readonly string[];
  /** Whether no other class occupies it. */
  readonly isComplete: boolean;
}

/** The entities of a camera's presence; none without a detector with presence. */
export function presenceEntities(
  context: CameraContext,
  detectors: readonly PresentDetector[],
  scene: Scene | null,
): Entity[] {
  if (detectors.length === 0) return [];
  const classes = [...new Set(detectors.flatMap(({ shown }) => shown.classes))];
  const isComplete = detectors.every(({ shown }) => shown.hasAllClasses);
  const zones = (scene?.zones ?? []).map((zone) => ofZone(zone, classes, isComplete));
  const slugOf = slugs();
  const all = [{ zone: null, classes, isComplete }, ...zones];
  return [
    ...all.flatMap((zone) => zoneEntities(context, zone, slugOf)),
    ...pictureEntities(context, detectors, slugOf),
    eventEntity(context),
  ];
}

function ofZone(zone: Zone, known: readonly string[], isComplete: boolean): ZoneClasses {
  const { id, classes: wanted } = zone;
  if (wanted === null) return { zone: id, classes: known, isComplete };
  const classes = isComplete ? wanted.filter((each) => known.includes(each)) : wanted;
  return { zone: id, classes, isComplete: true };
}

function zoneEntities(
  context: CameraContext,
  { zone, classes, isComplete }: ZoneClasses,
  slugOf: SlugOf,
): Entity[] {
  const entities = classes.flatMap((className) =>
    occupancyAndCount(context, { zone, className, slug: slugOf(className) })
  );
  if (isComplete && classes.length === 1) return entities;
  return [...entities, ...occupancyAndCount(context, { zone, className: null, slug: ANY })];
}

function occupancyAndCount(
  { camera, topics }: CameraContext,
  { zone, className, slug }: {
    readonly zone: string | null;
    readonly className: string | null;
    readonly slug: string;
  },
): Entity[] {
  const place = zone === null ? [] : [zone];
  const words = className === null ? place : [...place, className];
  const state_topic = topics.occupancy(camera, zone ?? WHOLE_PICTURE);
  // In earlier versions there were persons in the whole picture alone.
  const isFormer = zone === null && className === "person";
  return [
    {
      component: "binary_sensor",
      parts: [...place, slug, "occupancy"],
      name: nameOf((className === null ? [...place, "occupancy"] : words).join(" ")),
      ...isFormer ? { formerId: `${camera}-person` } : {},
      config: { device_class: "occupancy", state_topic, value_template: occupied(className) },
    },
    {
      component: "sensor",
      parts: [...place, slug, "count"],
      name: nameOf([...words, "count"].join(" ")),
      ...isFormer ? { formerId: `${camera}-person-count` } : {},
      config: {
        icon: "mdi:account-group",
        state_class: "measurement",
        state_topic,
        value_template: count(className),
      },
    },
  ];
}

/** Only where pictures of stays leave the process. */
function pictureEntities(
  { camera, topics }: CameraContext,
  detectors: readonly PresentDetector[],
  slugOf: SlugOf,
): Entity[] {
  const shown = detectors.filter(({ presence }) => presence.settings.snapshot !== "none");
  const classes = new Set(shown.flatMap(({ shown }) => shown.classes));
  return [...classes].map((className) => ({
    component: "image",
    parts: [slugOf(className), "picture"],
    name: nameOf(`${className} picture`),
    config: { image_topic: topics.picture(camera, className), content_type: "image/jpeg" },
  }));
}

function eventEntity({ camera, topics }: CameraContext): Entity {
  return {
    component: "event",
    parts: ["presence"],
    name: "Presence",
    config: {
      icon: "mdi:walk",
      state_topic: topics.presence(camera),
      event_types: ["start", "update", "end"],
      value_template: PRESENCE_EVENT,
    },
  };
}

type SlugOf = (className: string) => string;

/** Object ids hold few characters, and classes may hold any: each class gets a text of its own. */
function slugs(): SlugOf {
  const slugs = new Map<string, string>();
  const taken = new Set([ANY]);
  return (className) => {
    const known = slugs.get(className);
    if (known !== undefined) return known;
    const plain = className.replace(/[^A-Za-z0-9]+/g, "-");
    let slug = plain;
    for (let number = 2; taken.has(slug); number++) slug = `${plain}-${number}`;
    taken.add(slug);
    slugs.set(className, slug);
    return slug;
  };
}
