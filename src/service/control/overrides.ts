import type { BoxNorm } from "../../core/geometry.ts";
import type { PresenceSettings } from "../../core/presence_types.ts";

/** A setting that was changed by command. */
export interface Override {
  readonly setting:
    | ("paused" | "rateHz" | "confidence" | "roi" | "model")
    | ("masks" | "zones" | "lines" | "presence");
  /** The camera and the detector it applies to; null where the setting has none. */
  readonly camera: string | null;
  readonly detector: string | null;
  /**
   * A rate, a confidence, a region of interest (null: the whole frame), the name of a model; masks, zones,
   * lines and presence as they are written in the configuration.
   */
  readonly value:
    | (boolean | number | string | BoxNorm | null)
    | readonly unknown[]
    | Omit<PresenceSettings, "snapshot">;
  /** ISO 8601. */
  readonly since: string;
}

/** The newest value of every setting that was changed by command. */
export class Overrides {
  readonly #byKey = new Map<string, Override>();

  set(override: Override): void {
    const { setting, camera, detector, value } = override;
    const key = `${setting}/${camera ?? ""}/${detector ?? ""}`;
    this.#byKey.delete(key);
    // Nothing is paused by configuration, so a resume restores it.
    if (setting === "paused" && value === false) return;
    this.#byKey.set(key, override);
  }

  /** Replaces each by what is in force; null: nothing of it is. */
  renew(inForce: (override: Override) => Override | null): void {
    for (const [key, override] of this.#byKey) {
      const now = inForce(override);
      if (now === null) this.#byKey.delete(key);
      else this.#byKey.set(key, now);
    }
  }

  /** From the oldest to the newest change. */
  list(): readonly Override[] {
    return [...this.#byKey.values()];
  }
}
