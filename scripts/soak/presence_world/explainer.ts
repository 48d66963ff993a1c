/**
 * Whether detections decide a stay that was missed or doubled: their most likely explanation, which knows the
 * rates of the simulated world, is held to the same rule for stays.
 */
import { trueStays } from "../../../tests/support/presence/truth.ts";
import { START_INFERENCES } from "../../../tests/support/presence/compare.ts";
import { EDGE_NOISE, type Sighting, type World } from "../../../tests/support/presence/world.ts";
import type { Knowledge } from "./belief.ts";
import {
  type Explanation,
  goOn,
  goOnAs,
  NOTHING,
  type Seen,
  seenOf,
  type Shown,
} from "./explain.ts";

/** The explanation is known until some time before a mistake, and then free; and it sees so much after it. */
const SECONDS = { known: 12, free: 12, after: 12 } as const;
/** A gap between inferences that is so many times the usual one is an outage. */
const OUTAGE = 1.8;

/** All that is known of the simulated world. */
export const OF_WORLD: Knowledge = {
  ...{ noise: EDGE_NOISE, changes: { top: 0, bottom: 0, width: 0 }, elsewhere: 0.001 },
  isOfWorld: true,
};
/** What holds in front of any camera: people come nearer, and through doors in the picture. */
export const OF_ANY: Knowledge = {
  ...{ noise: 0.045, changes: { top: 0.06, bottom: 0.12, width: 0.06 }, elsewhere: 0.3 },
  isOfWorld: false,
};

/** Whether the most likely explanation is wrong where presence is. */
export interface IsWrong {
  /** That of what was detected until the start was due. */
  readonly then: boolean;
  /** That of what was detected later as well. */
  readonly later: boolean;
}

export class Explainer {
  readonly #world: World;
  readonly #knows: Knowledge;
  readonly #byLook = new Map<number, Sighting[]>();
  readonly #usualSeconds: number;
  readonly #starts: readonly number[];

  constructor(world: World, knows: Knowledge) {
    this.#world = world;
    this.#knows = knows;
    for (const [look, sighting] of [...world.sightings, world.false].flatMap((seen) => [...seen])) {
      this.#byLook.set(look, [...this.#byLook.get(look) ?? [], sighting]);
    }
    this.#usualSeconds = this.#seconds(1) - this.#seconds(0);
    this.#starts = trueStays(world).map(({ start }) => start);
  }

  /** @param at  the inference of a start that is missing, or one too many */
  isWrong(at: number): IsWrong {
    const { looks } = this.#world;
    const middle = this.#seconds(at);
    const free = middle - SECONDS.free;
    const first = looks.findIndex((_, look) => this.#seconds(look) >= free - SECONDS.known);
    let best: readonly Explanation[] = [NOTHING];
    let then = false;
    let look = first;
    for (; look < looks.length && this.#seconds(look) <= middle + SECONDS.after; look++) {
      const isFree = this.#seconds(look) >= free;
      best = isFree ? goOn(best, this.#shown(look)) : [this.#asKnown(best, look)];
      if (look === at + START_INFERENCES) then = this.#hasOthers(best, { at, look });
    }
    return { then, later: this.#hasOthers(best, { at, look: look - 1 }) };
  }

  /** Goes on with the true walkers. */
  #asKnown([from = NOTHING]: readonly Explanation[], look: number): Explanation {
    const walkerOf = new Map<Sighting, number>();
    for (const [walker, seen] of this.#world.sightings.entries()) {
      const sighting = seen.get(look);
      if (sighting !== undefined) walkerOf.set(sighting, walker);
    }
    return goOnAs(from, this.#shown(look), walkerOf);
  }

  /** Whether the best explanation has another number of starts here than there are. */
  #hasOthers(
    [best = NOTHING]: readonly Explanation[],
    { at, look }: Readonly<Record<"at" | "look", number>>,
  ): boolean {
    const sightings = seenOf(best).map(sightingsOf);
    const looks = this.#world.looks.slice(0, look + 1);
    const starts = trueStays({ ...this.#world, looks, sightings }).map(({ start }) => start);
    return near(starts, at) !== near(this.#starts, at);
  }

  #shown(index: number): Shown {
    const look = this.#world.looks[index] ?? { atMs: 0, observedMs: 0, faults: [] };
    const gapSeconds = this.#seconds(index) - this.#seconds(index - 1);
    return {
      ...{
        knows: this.#knows,
        index,
        look,
        gapSeconds,
        isOutage: gapSeconds > OUTAGE * this.#usualSeconds,
      },
      sightings: this.#byLook.get(index) ?? [],
    };
  }

  #seconds(look: number): number {
    return (this.#world.looks[look]?.atMs ?? 0) / 1000;
  }
}

function sightingsOf(newest: Seen): ReadonlyMap<number, Sighting> {
  const sightings: [number, Sighting][] = [];
  for (let seen: Seen | null = newest; seen !== null; seen = seen.before) {
    sightings.push([seen.look, seen.sighting]);
  }
  return new Map(sightings.toReversed());
}

function near(starts: readonly number[], at: number): number {
  return starts.filter((start) => Math.abs(start - at) <= START_INFERENCES).length;
}
