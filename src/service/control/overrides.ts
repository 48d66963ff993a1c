import type { BoxNorm } from "../../core/geometry.ts";

/** One setting that a command changed. */
export interface Override {
  readonly setting: "paused" | "rateHz" | "confidence" | "roi" | "model";
  /** What it is set for; null where the setting has no camera, or no detector. */
  readonly camera: string | null;
  readonly detector: string | null;
  /** Frames a second, a fraction, a part of the frame (null: all of it), or a model as it was named. */
  readonly value: boolean | number | string | BoxNorm | null;
  /** ISO 8601. */
  readonly since: string;
}

/** The newest value of every setting that was changed by command: one for each subject at most. */
export class Overrides {
  readonly #byKey = new Map<string, Override>();

  set(override: Override): void {
    const { setting, camera, detector, value } = override;
    const key = `${setting}/${camera ?? ""}/${detector ?? ""}`;
    this.#byKey.delete(key);
    // Nothing is paused by configuration, so going on is as it was.
    if (setting === "paused" && value === false) return;
    this.#byKey.set(key, override);
  }

  /** From the oldest change to the newest. */
  list(): readonly Override[] {
    return [...this.#byKey.values()];
  }
}
