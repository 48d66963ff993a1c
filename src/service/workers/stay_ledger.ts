import type { Stay, StayEndReason } from "../../core/presence_types.ts";
import type { StayAccount } from "../../health/presence_view.ts";

type Owner = Pick<Stay, "camera" | "detector" | "class">;

interface Counts extends Owner {
  started: number;
  readonly ended: Record<StayEndReason, number>;
}

/**
 * Counts the stays of every camera, detector and class, over all threads of the publisher. A model has a
 * bounded number of classes, and so has the ledger of accounts.
 */
export class StayLedger {
  readonly #counts = new Map<string, Counts>();

  started(stay: Owner): void {
    this.#of(stay).started += 1;
  }

  /** @param stay  it was counted as started, under the same class */
  ended(stay: Owner, reason: StayEndReason): void {
    this.#of(stay).ended[reason] += 1;
  }

  /** The accounts of a camera's detectors and classes. */
  accounts(camera: string): StayAccount[] {
    return [...this.#counts.values()].filter((counts) => counts.camera === camera)
      .map(({ detector, class: name, started, ended }) => {
        const open = started - Object.values(ended).reduce((sum, count) => sum + count, 0);
        return { detector, class: name, started, ended: { ...ended }, open };
      });
  }

  /** Forgets the stays of all others. */
  retain(isKept: (owner: Owner) => boolean): void {
    for (const [key, counts] of this.#counts) if (!isKept(counts)) this.#counts.delete(key);
  }

  #of({ camera, detector, class: name }: Owner): Counts {
    const key = JSON.stringify([camera, detector, name]);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const counts = { camera, detector, class: name, started: 0, ended: noEnds() };
    this.#counts.set(key, counts);
    return counts;
  }
}

/** Every reason, at zero. */
function noEnds(): Record<StayEndReason, number> {
  return { left: 0, camera_lost: 0, detector_lost: 0, paused: 0, restart: 0, shutdown: 0 };
}
