/**
 * Whether detections decide a stay that was missed or doubled: their most likely explanation, which knows the
 * rates of the simulated world, is held to the same rule for stays.
 */
import { trueStays } from "../../../tests/support/presence/truth.ts";
import { START_INFERENCES } from "../../../tests/support/presence/compare.ts";
import type { Sighting, World } from "../../../tests/support/presence/world.ts";
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

/** Which explanation is wrong where presence is. */
export interface Undecided {
  /** The most likely one of what was detected until the start was due. */
  readonly then: boolean;
  /** That of what was detected later as well. */
  readonly later: boolean;
}

export class Explainer {
  readonly #world: World;
  readonly #byLook = new Map<number, Sighting[]>();
  readonly #usualSeconds: number;
  readonly #starts: readonly number[];

  constructor(world: World) {
    this.#world = world;
    for (const [look, sighting] of [...world.sightings, world.false].flatMap((seen) => [...seen])) {
      this.#byLook.set(look, [...this.#byLook.get(look) ?? [], sighting]);
    }
    this.#usualSeconds = this.#seconds(1) - this.#seconds(0);
    this.#starts = trueStays(world).map(({ start }) => start);
  }

  /** @param at  the inference of a start that is missing, or one too many */
  undecided(at: number): Undecided {
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
      if (look === at + START_INFERENCES) then = this.#isWrong(best, { at, look });
    }
    return { then, later: this.#isWrong(best, { at, look: look - 1 }) };
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
  #isWrong(
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
      ...{ index, look, gapSeconds, isOutage: gapSeconds > OUTAGE * this.#usualSeconds },
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
