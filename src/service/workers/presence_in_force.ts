import type {
  PresenceChange,
  PresencePlan,
  PresenceSettings,
  Scene,
} from "../../core/presence_types.ts";

/** The settings of presence in force: those of the plan, and what was changed since. */
export class PresenceInForce {
  #scenes = new Map<string, Scene>();
  #settings = new Map<string, PresenceSettings>();
  /** The newest change of each camera's scene, each detector's settings and each pair. */
  readonly #changes = new Map<string, PresenceChange>();

  constructor(plan: PresencePlan) {
    this.replan(plan);
  }

  /** Replaces the plan by one that holds what was changed; what is paused stays so where it is known. */
  replan({ detectors, scenes }: PresencePlan): void {
    this.#scenes = new Map(scenes.map((scene) => [scene.camera, scene]));
    this.#settings = new Map(detectors.map(({ detector, settings }) => [detector, settings]));
    for (const [key, change] of this.#changes) {
      const isKept = change.kind === "paused" &&
        detectors.some(({ detector, cameras }) =>
          detector === change.detector && cameras.includes(change.camera)
        );
      if (!isKept) this.#changes.delete(key);
    }
  }

  /** What a thread needs after the plan: the newest changes. */
  get changes(): readonly PresenceChange[] {
    return [...this.#changes.values()];
  }

  /** null: without presence. */
  settings(detector: string): PresenceSettings | null {
    return this.#settings.get(detector) ?? null;
  }

  /** The zones and lines of a camera. */
  scene(camera: string): Scene {
    return this.#scenes.get(camera) ?? { camera, zones: [], lines: [] };
  }

  change(change: PresenceChange): void {
    this.#changes.set(keyOf(change), change);
    if (change.kind === "scene") this.#scenes.set(change.scene.camera, change.scene);
    if (change.kind === "settings") this.#settings.set(change.detector, change.settings);
  }
}

function keyOf(change: PresenceChange): string {
  switch (change.kind) {
    case "scene":
      return JSON.stringify([change.kind, change.scene.camera]);
    case "settings":
      return JSON.stringify([change.kind, change.detector]);
    case "paused":
      return JSON.stringify([change.kind, change.camera, change.detector]);
  }
}
