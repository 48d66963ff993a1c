import type { Settings } from "../../config/settings.ts";
import type { Line, PresenceSettings, Scene, Zone } from "../../core/presence_types.ts";
import { selectedClasses } from "../../core/scene_schema.ts";
import type { PresenceChanges } from "../control/controller.ts";
import type { Pair } from "../control/named.ts";
import { noPresence, unknownClass } from "../control/refusals.ts";
import type { PresenceRouter } from "./publisher_routes.ts";
import type { Roster } from "./roster.ts";

/** Changes the zones, lines and settings of presence, which the publisher holds. */
export class PresenceControl {
  readonly #detectors: () => Settings["detectors"];
  readonly #router: PresenceRouter;
  readonly #roster: Pick<Roster, "pools">;

  /** @param detectors  those in force */
  constructor(
    detectors: () => Settings["detectors"],
    router: PresenceRouter,
    roster: Pick<Roster, "pools">,
  ) {
    this.#detectors = detectors;
    this.#router = router;
    this.#roster = roster;
  }

  /** @throws OrionError when no detector of the camera can detect a class of a zone */
  setZones(camera: string, zones: readonly Zone[]): void {
    const known = selectedClasses(
      this.#detectors().filter((each) => each.presence !== null && each.cameras.includes(camera))
        .map(({ id, inference }) => this.#detected(id, inference.classes)),
    );
    const missing = zones.flatMap(({ classes }) => classes ?? [])
      .find((name) => known !== null && !known.includes(name));
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
