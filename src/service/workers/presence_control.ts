import type { Settings } from "../../config/settings.ts";
import type { Line, PresenceSettings, Scene, Zone } from "../../core/presence_types.ts";
import { selectedClasses } from "../../core/scene_schema.ts";
import type { Pair, PresenceChanges } from "../control/controller.ts";
import { noPresence, unknownClass } from "../control/refusals.ts";
import type { PresenceRouter } from "./publisher_worker.ts";

/** The zones, lines and settings of presence as they are now, which the publisher's thread works with. */
export class PresenceControl {
  readonly #detectors: Settings["detectors"];
  readonly #router: PresenceRouter;
  readonly #scenes: Map<string, Scene>;
  /** Of the detectors with presence. */
  readonly #settings = new Map<string, PresenceSettings>();

  constructor({ cameras, detectors }: Settings, router: PresenceRouter) {
    this.#detectors = detectors;
    this.#router = router;
    this.#scenes = new Map(
      cameras.map(({ id: camera, zones, lines }) => [camera, { camera, zones, lines }]),
    );
    for (const { id, presence } of detectors) {
      if (presence !== null) this.#settings.set(id, presence);
    }
  }

  /** Whether stays of a detector may have pictures, so that its cameras must keep frames. */
  hasPictures(detector: string): boolean {
    const settings = this.#settings.get(detector);
    return settings !== undefined && settings.snapshot !== "none";
  }

  /** @throws OrionError when no detector of the camera can detect a class of a zone */
  setZones(camera: string, zones: readonly Zone[]): void {
    const known = selectedClasses(
      this.#detectors.filter((each) => each.presence !== null && each.cameras.includes(camera))
        .map(({ inference }) => inference.classes),
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
    const present = this.#settings.get(detector);
    if (present === undefined) throw noPresence(detector);
    const settings = { ...present, ...change };
    this.#settings.set(detector, settings);
    this.#router.changePresence({ kind: "settings", detector, settings });
    return settings;
  }

  /** Stays of paused pairs end. */
  setPaused(pairs: readonly Pair[], paused: boolean): void {
    for (const { camera, detector } of pairs) {
      if (!this.#settings.has(detector)) continue;
      this.#router.changePresence({ kind: "paused", camera, detector, paused });
    }
  }

  #changeScene(camera: string, change: Partial<Pick<Scene, "zones" | "lines">>): void {
    const present = this.#scenes.get(camera) ?? { camera, zones: [], lines: [] };
    const scene = { ...present, ...change };
    this.#scenes.set(camera, scene);
    this.#router.changePresence({ kind: "scene", scene });
  }
}
