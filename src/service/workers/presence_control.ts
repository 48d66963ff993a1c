import type { Settings } from "../../config/settings.ts";
import type { Log } from "../../core/log.ts";
import type { Line, PresenceSettings, Scene, Zone } from "../../core/presence_types.ts";
import { selectedClasses } from "../../core/scene_schema.ts";
import type { PresenceChanges } from "../control/controller.ts";
import type { Pair } from "../control/named.ts";
import { noPresence, unknownClass } from "../control/refusals.ts";
import type { PresenceRouter } from "./publisher_routes.ts";
import type { Roster } from "./roster.ts";

/** Changes the zones, lines and settings of presence, which the publisher holds. */
export class PresenceControl {
  readonly #settings: () => Pick<Settings, "detectors">;
  readonly #router: PresenceRouter;
  readonly #roster: Pick<Roster, "pools" | "cameras">;
  readonly #log: Log;
  /** What was warned of, by camera, zone and class. */
  readonly #warned = new Set<string>();

  /** @param settings  those in force */
  constructor(
    settings: () => Pick<Settings, "detectors">,
    router: PresenceRouter,
    roster: Pick<Roster, "pools" | "cameras">,
    log: Log,
  ) {
    this.#settings = settings;
    this.#router = router;
    this.#roster = roster;
    this.#log = log;
  }

  /** Warns, once each, of classes of zones that no loaded model of the camera's detectors has. */
  warnOfClasses(): void {
    for (const camera of this.#roster.cameras.keys()) {
      const known = this.#known(camera);
      for (const { id: zone, classes } of this.#router.presence.scene(camera).zones) {
        for (const name of missingOf(classes, known)) {
          const key = JSON.stringify([camera, zone, name]);
          if (this.#warned.has(key)) continue;
          this.#warned.add(key);
          const { remedy } = unknownClass(name, camera, known ?? []);
          this.#log.warning("zone.class_unknown", { camera, zone, class: name, remedy });
        }
      }
    }
  }

  /** @throws OrionError when no detector of the camera can detect a class of a zone */
  setZones(camera: string, zones: readonly Zone[]): void {
    const known = this.#known(camera);
    const [missing] = zones.flatMap(({ classes }) => missingOf(classes, known));
    if (missing !== undefined) throw unknownClass(missing, camera, known ?? []);
    this.#changeScene(camera, { zones });
  }

  setLines(camera: string, lines: readonly Line[]): void {
    this.#changeScene(camera, { lines });
  }

  /**
   * @returns all settings of the detector
   * @throws OrionError when it has no presence
   */
  setPresence(detector: string, change: PresenceChanges): PresenceSettings {
    const present = this.#router.presence.settings(detector);
    if (present === null) throw noPresence(detector);
    const settings = { ...present, ...change };
    this.#router.changePresence({ kind: "settings", detector, settings });
    return settings;
  }

  /** Stays of paused pairs end. */
  setPaused(pairs: readonly Pair[], paused: boolean): void {
    for (const { camera, detector } of pairs) {
      if (this.#router.presence.settings(detector) === null) continue;
      this.#router.changePresence({ kind: "paused", camera, detector, paused });
    }
  }

  /** What the detectors of a camera can detect; null where that is not known. */
  #known(camera: string): string[] | null {
    return selectedClasses(
      this.#settings().detectors.filter((each) =>
        each.presence !== null && each.cameras.includes(camera)
      )
        .map(({ id, inference }) => this.#detected(id, inference.classes)),
    );
  }

  /** The names of what a detector selects, as far as its configuration and its loaded model show. */
  #detected(detector: string, selected: readonly (string | number)[] | null) {
    const known = this.#roster.pools.get(detector)?.modelClasses ?? null;
    if (known === null) return selected;
    return selected?.map((each) => typeof each === "number" ? known[each] : each) ?? known;
  }

  #changeScene(camera: string, change: Partial<Pick<Scene, "zones" | "lines">>): void {
    const scene = { ...this.#router.presence.scene(camera), ...change };
    this.#router.changePresence({ kind: "scene", scene });
  }
}

/** @param known  null: any class may be detected */
function missingOf(classes: readonly string[] | null, known: readonly string[] | null): string[] {
  return known === null ? [] : (classes ?? []).filter((name) => !known.includes(name));
}
