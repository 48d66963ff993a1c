/** One camera of Frigate's configuration. */
import { lookUp } from "../../config/issues.ts";
import { MAX_MASKS, MAX_ZONES } from "../../core/scene_schema.ts";
import { COCO_LABELS } from "../../inference/labels.ts";
import type { CameraDraft } from "./draft.ts";
import {
  type Corner,
  type FrameSize,
  maskShapeOf,
  masksIn,
  type Shape,
  zoneShapeOf,
} from "./frigate_shapes.ts";
import { urlOf } from "./frigate_url.ts";
import {
  flagOf,
  inherited,
  keysOf,
  numberOf,
  textsOf,
  type Unconverted,
} from "./frigate_values.ts";
import { idOf, uniqueIds } from "./ids.ts";

/** What Frigate detects by default: persons, five times a second. */
const DEFAULT_TRACK = ["person"];
const DEFAULT_FPS = 5;
/** Bounds of `rateHz`. */
const MIN_RATE_HZ = 0.1;
const MAX_RATE_HZ = 30;

/** A camera, and what is to be detected in it. */
export interface Converted {
  readonly camera: CameraDraft;
  readonly rateHz: number;
  /** Empty where nothing is detected. */
  readonly classes: readonly string[];
}

/** A camera of the file. */
export interface FrigateCamera {
  readonly config: unknown;
  readonly camera: unknown;
  readonly name: string;
  readonly id: string;
}

/** Converts a camera. @returns null for one that Orion cannot open, which is noted */
export function convertCamera(of: FrigateCamera, unconverted: Unconverted): Converted | null {
  const { config, camera, name, id } = of;
  const at = `cameras.${name}`;
  if (!flagOf(lookUp(camera, ["enabled"]), true)) {
    unconverted.note(at, "it is disabled");
    return null;
  }
  const found = urlOf(config, camera, id);
  if ("problem" in found) {
    unconverted.note(at, found.problem);
    return null;
  }
  noteKeys(camera, at, unconverted);
  const classes = classesOf(of, unconverted);
  const masks = masksOf(of, classes, unconverted);
  const zones = zonesOf(of, classes, unconverted);
  const keys = {
    ...found.isUdp ? { transport: "udp" } : {},
    ...masks.length === 0 ? {} : { masks },
    ...zones.length === 0 ? {} : { zones },
  };
  const fps = numberOf(inherited(config, camera, ["detect", "fps"])) ?? DEFAULT_FPS;
  return {
    camera: { id, url: found.url, keys, notes: [], suggested: suggestionsFor(found.url) },
    rateHz: Math.min(Math.max(fps, MIN_RATE_HZ), MAX_RATE_HZ),
    classes,
  };
}

/** A recorder's certificate is mostly its own. */
function suggestionsFor(url: string): string[] {
  if (!url.startsWith("rtsps:")) return [];
  return ['fingerprint: "sha256:…"   # as "orion probe" prints it, for a self-signed certificate'];
}

function noteKeys(camera: unknown, at: string, unconverted: Unconverted): void {
  const known = ["enabled", "ffmpeg", "detect", "objects", "motion", "zones", "friendly_name"];
  unconverted.keysBeside(camera, known, at);
  noteSharedKeys(camera, `${at}.`, unconverted);
}

/** The same of what may stand in a camera, and outside for all. */
export function noteSharedKeys(value: unknown, prefix: string, unconverted: Unconverted): void {
  const beside = (path: readonly string[], known: readonly string[]) =>
    unconverted.keysBeside(lookUp(value, path), known, prefix + path.join("."));
  beside(["detect"], ["enabled", "width", "height", "fps"]);
  beside(["motion"], ["mask"]);
  beside(["objects"], ["track", "mask", "filters"]);
  for (const label of keysOf(lookUp(value, ["objects", "filters"]))) {
    beside(["objects", "filters", label], ["mask"]);
  }
}

/** The classes that Orion's model has; none where detection is off. */
function classesOf({ config, camera, name }: FrigateCamera, unconverted: Unconverted): string[] {
  if (!flagOf(inherited(config, camera, ["detect", "enabled"]), true)) {
    unconverted.note(`cameras.${name}.detect`, "it is disabled, so no detector has this camera");
    return [];
  }
  const track = inherited(config, camera, ["objects", "track"]);
  const wanted = new Set(track === undefined ? DEFAULT_TRACK : textsOf(track));
  return [...wanted].filter((label) => {
    if (COCO_LABELS.includes(label)) return true;
    unconverted.note(
      `cameras.${name}.objects.track`,
      `the bundled models have no class "${label}"`,
    );
    return false;
  });
}

/** The frame that its coordinates in pixels refer to. */
function sizeOf({ config, camera }: FrigateCamera): FrameSize | null {
  const width = numberOf(inherited(config, camera, ["detect", "width"]));
  const height = numberOf(inherited(config, camera, ["detect", "height"]));
  if (width === null || height === null || width < 1 || height < 1) return null;
  return { width, height };
}

/** Masks of motion and of objects; of the mask of one class only where no other is detected. */
function masksOf(
  of: FrigateCamera,
  classes: readonly string[],
  unconverted: Unconverted,
): (readonly Corner[])[] {
  const { config, camera, name } = of;
  const filters = inherited(config, camera, ["objects", "filters"]);
  const places: readonly (readonly string[])[] = [
    ["motion", "mask"],
    ["objects", "mask"],
    ...keysOf(filters).map((label) => ["objects", "filters", label, "mask"]),
  ];
  const masks: (readonly Corner[])[] = [];
  for (const path of places) {
    const at = `cameras.${name}.${path.join(".")}`;
    const found = masksIn(inherited(config, camera, path));
    const label = path.length === 4 ? path[2] : undefined;
    if (label !== undefined && found.length > 0 && classes.some((each) => each !== label)) {
      unconverted.note(at, "a mask of Orion is for all classes");
      continue;
    }
    for (const [which, coordinates] of found) {
      const shape = kept(maskShapeOf(coordinates, sizeOf(of)), masks.length, MAX_MASKS);
      if ("problem" in shape) unconverted.note(`${at}${which}`, shape.problem);
      else masks.push(shape.polygon);
    }
  }
  return masks;
}

/** A shape, unless there are too many already. */
function kept(shape: Shape, count: number, max: number): Shape {
  return count < max ? shape : { problem: `a camera has at most ${max}` };
}

interface ZoneDraft {
  readonly id: string;
  readonly polygon: readonly Corner[];
  readonly classes?: readonly string[];
}

function zonesOf(
  of: FrigateCamera,
  classes: readonly string[],
  unconverted: Unconverted,
): ZoneDraft[] {
  const written = lookUp(of.camera, ["zones"]);
  const names = keysOf(written);
  // "all" is Orion's own name of the whole picture.
  const ids = uniqueIds(
    names.map((name) => ({ wanted: idOf(name) === "all" ? "all-of-it" : name })),
    "zone",
  );
  const zones: ZoneDraft[] = [];
  for (const [index, name] of names.entries()) {
    const at = `cameras.${of.name}.zones.${name}`;
    const zone = lookUp(written, [name]);
    unconverted.keysBeside(zone, ["coordinates", "objects", "enabled", "friendly_name"], at);
    if (!flagOf(lookUp(zone, ["enabled"]), true)) {
      unconverted.note(at, "it is disabled");
      continue;
    }
    const shape = kept(
      zoneShapeOf(lookUp(zone, ["coordinates"]), sizeOf(of)),
      zones.length,
      MAX_ZONES,
    );
    const wanted = textsOf(lookUp(zone, ["objects"]));
    const own = classes.filter((label) => wanted.includes(label));
    if ("problem" in shape) {
      unconverted.note(at, shape.problem);
    } else if (wanted.length > 0 && own.length === 0) {
      unconverted.note(at, `none of its objects (${wanted.join(", ")}) is detected`);
    } else {
      const id = ids[index] ?? "zone";
      const polygon = shape.polygon;
      zones.push(wanted.length === 0 ? { id, polygon } : { id, polygon, classes: own });
    }
  }
  return zones;
}
