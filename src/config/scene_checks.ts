/** Checks between the zones and lines of cameras and the detectors that look at them. */
import { suggestName } from "../core/nearest.ts";
import { selectedClasses } from "../core/scene_schema.ts";
import { clip, type FoundProblem, items, lookUp } from "./issues.ts";
import { DEFAULT_DETECTORS, MAX_CAMERAS, MAX_DETECTORS } from "./schema.ts";
import type { ConfigPath } from "./problems.ts";
import type { CameraSettings, DetectorSettings } from "./settings.ts";
import { MAX_PROBLEMS } from "./yaml.ts";

/** Names of a detector among which a similar one is searched, which takes long. */
const MAX_SUGGESTED = 100;

/**
 * Finds classes of zones that no detector of the camera selects, where its detectors show which ones
 * they select. Runs on data that may be wrong elsewhere.
 * @param quotable  whether the value at a path may be quoted
 */
export function classProblems(
  value: unknown,
  quotable: (at: ConfigPath) => boolean,
): FoundProblem[] {
  const detectors = items(lookUp(value, ["detectors"]) ?? DEFAULT_DETECTORS, MAX_DETECTORS);
  const shown = shownClasses(detectors, quotable);
  const problems: FoundProblem[] = [];
  items(lookUp(value, ["cameras"]), MAX_CAMERAS).forEach((camera, index) => {
    const zones = items(lookUp(camera, ["zones"]));
    if (zones.length === 0) return;
    const selected = selectedClasses(selections(detectors, lookUp(camera, ["id"])));
    if (selected === null) return;
    const known = new Set<unknown>(selected);
    zones.forEach((zone, place) =>
      items(lookUp(zone, ["classes"])).forEach((name, position) => {
        if (typeof name !== "string" || known.has(name) || problems.length === MAX_PROBLEMS) return;
        const at = ["cameras", index, "zones", place, "classes", position];
        const named = quotable(at) ? `"${clip(name)}"` : "this class";
        problems.push({
          at,
          message: `no detector with presence detects ${named} on this camera`,
          remedy: suggestName(name, selected.filter((each) => shown.has(each))),
        });
      })
    );
  });
  return problems;
}

/** The classes of all detectors that may be quoted, within bounds. */
function shownClasses(
  detectors: readonly unknown[],
  quotable: (at: ConfigPath) => boolean,
): ReadonlySet<string> {
  const shown = new Set<string>();
  detectors.forEach((detector, index) =>
    items(lookUp(detector, ["classes"]), MAX_SUGGESTED).forEach((name, place) => {
      if (typeof name !== "string") return;
      if (quotable(["detectors", index, "classes", place])) shown.add(name);
    })
  );
  return shown;
}

/** The selected classes of each detector with presence that looks at a camera; null for all classes. */
function selections(
  detectors: readonly unknown[],
  camera: unknown,
): (readonly unknown[] | null)[] {
  return detectors.flatMap((detector) => {
    if (lookUp(detector, ["presence"]) === false) return [];
    const cameras = lookUp(detector, ["cameras"]);
    if (cameras !== undefined && !items(cameras).includes(camera)) return [];
    const classes = lookUp(detector, ["classes"]);
    return [Array.isArray(classes) ? classes : null];
  });
}

/** Warns of zones and lines that no detector with presence looks at. */
export function sceneWarnings(
  cameras: readonly CameraSettings[],
  detectors: readonly DetectorSettings[],
): string[] {
  return cameras.flatMap(({ id, zones, lines }, index) => {
    const key = zones.length > 0 ? "zones" : lines.length > 0 ? "lines" : null;
    const isSeen = detectors.some((each) => each.presence !== null && each.cameras.includes(id));
    return key === null || isSeen ? [] : [
      `cameras[${index}].${key}: without effect, because no detector with presence looks at "${id}"`,
    ];
  });
}
