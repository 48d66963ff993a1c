/** Walkers that cross a picture, stop, turn, hide, leave and come back. */
import type { BoxPx } from "../../../src/core/geometry.ts";
import type { Random } from "./random.ts";
import { SIZE, standing } from "./rig.ts";

/** A part of a walk, in seconds since the world began. */
interface Leg {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly fromX: number;
  readonly toX: number;
  /** Behind a thing, or out of the picture. */
  readonly hidden: boolean;
}

/** One person, who may leave and come back. */
export interface Walker {
  readonly legs: readonly Leg[];
  /** Where the feet are: people who are nearer are larger, and hide those behind them. */
  readonly footY: number;
  readonly height: number;
}

/** A passage of a walker, in or out, at a side of the picture. */
interface Passage {
  readonly side: Side;
  readonly isIn: boolean;
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

type Side = "left" | "right";

/** In heights per second: 0.7 to 1.6 m/s. */
export const SPEED = { least: 0.4, most: 0.9 } as const;

/** Between the passages of two walkers at one side: else no one could say which of them comes back. */
export const APART_SECONDS = 7;

/** Within which a walker who comes into sight is detected for the first time. */
const APPEAR_SECONDS = 1;

/** People in the picture at once. */
const AT_ONCE_MAX = 4;

/** Between two who come alone: longer than a stay takes to end, so that none can be taken for another. */
const ALONE_SECONDS = 6;

/**
 * Makes walkers who come into the picture `stays` times.
 * @param alone  one after another, or several at once
 * @returns in the order in which they come
 */
export function walkers(
  random: Random,
  { stays, alone }: { readonly stays: number; readonly alone: boolean },
): readonly Walker[] {
  const made: Walker[] = [];
  const passages: Passage[] = [];
  let seconds = 2;
  for (let count = 0; count < stays;) {
    const one = walker(random, seconds);
    if (alone) {
      made.push(one.walker);
      count += one.stays;
      seconds = endsAtSeconds(one.walker) + ALONE_SECONDS;
      continue;
    }
    const starts = one.walker.legs[0]?.fromSeconds ?? 0;
    const busy = made.filter(({ legs }) => (legs.at(-1)?.toSeconds ?? 0) > starts).length;
    const isUnclear = made.some((other) => isAmbiguous(one.walker, other)) ||
      one.passages.some((mine) => passages.some((other) => isInTheWay(mine, other)));
    seconds += random.between(0.5, 2);
    if (busy >= AT_ONCE_MAX || isUnclear) continue;
    made.push(one.walker);
    passages.push(...one.passages);
    count += one.stays;
  }
  return made;
}

/** Whether one passes where the other does, so that either may be the one who comes back. */
function isInTheWay(one: Passage, other: Passage): boolean {
  return one.side === other.side && one.fromSeconds - APART_SECONDS < other.toSeconds &&
    other.fromSeconds < one.toSeconds + APART_SECONDS;
}

/** Whether one comes into sight while the other is hidden, so that either may be the other. */
function isAmbiguous(one: Walker, other: Walker): boolean {
  return hidesWhile(one, other) || hidesWhile(other, one);
}

function hidesWhile(hiding: Walker, other: Walker): boolean {
  const appear = other.legs.flatMap(({ fromSeconds, hidden }, index) =>
    !hidden && (index === 0 || other.legs[index - 1]?.hidden === true) ? [fromSeconds] : []
  );
  return hiding.legs.some(({ hidden, fromSeconds, toSeconds }) =>
    hidden &&
    appear.some((at) => fromSeconds - APPEAR_SECONDS < at && at < toSeconds + APPEAR_SECONDS)
  );
}

/** Where a walker is; null when hidden by a thing, or out of the picture. */
export function placeOf({ legs, footY, height }: Walker, atSeconds: number): BoxPx | null {
  const leg = legs.find((leg) => leg.fromSeconds <= atSeconds && atSeconds < leg.toSeconds);
  if (leg === undefined || leg.hidden) return null;
  const part = (atSeconds - leg.fromSeconds) / (leg.toSeconds - leg.fromSeconds);
  return standing(leg.fromX + part * (leg.toX - leg.fromX), footY, height);
}

/** When a walker is in sight without a break. */
export function inSight({ legs }: Walker): readonly (readonly [from: number, to: number])[] {
  const runs: [number, number][] = [];
  for (const { fromSeconds, toSeconds, hidden } of legs) {
    const run = runs.at(-1);
    if (hidden) continue;
    if (run !== undefined && run[1] === fromSeconds) run[1] = toSeconds;
    else runs.push([fromSeconds, toSeconds]);
  }
  return runs;
}

export function startsAtSeconds({ legs }: Walker): number {
  return legs[0]?.fromSeconds ?? 0;
}

export function endsAtSeconds({ legs }: Walker): number {
  return legs.at(-1)?.toSeconds ?? 0;
}

/** Draws one walker, who comes once or twice. */
function walker(random: Random, startSeconds: number) {
  const depth = random.next();
  const footY = 330 + 370 * depth;
  const height = 110 + 230 * depth;
  const path = new Path(random, { startSeconds, height });
  path.visit();
  let stays = 1;
  if (random.chance(0.3)) {
    const isShort = random.chance(0.5);
    path.away(isShort ? random.between(1, 3.5) : random.between(7, 12));
    path.visit();
    if (!isShort) stays = 2;
  }
  return { walker: { legs: path.legs, footY, height }, passages: path.passages, stays };
}

/** The way of one walker, made leg by leg. */
class Path {
  readonly legs: Leg[] = [];
  readonly passages: Passage[] = [];
  readonly #random: Random;
  readonly #height: number;
  #seconds: number;
  #x = 0;
  #side: Side;

  constructor(random: Random, { startSeconds, height }: { startSeconds: number; height: number }) {
    this.#random = random;
    this.#height = height;
    this.#seconds = startSeconds;
    this.#side = random.pick("left", "right");
  }

  /** Comes in where it went out, does some things, and goes out on either side. */
  visit(): void {
    const random = this.#random;
    let direction = this.#side === "left" ? 1 : -1;
    this.#x = this.#side === "left" ? 0 : SIZE.width;
    this.#pass(this.#side, true);
    const inner = () => random.between(0.25, 0.75) * SIZE.width;
    this.#walkTo(inner());
    for (let things = random.between(0, 4); things >= 1; things--) {
      const act = random.pick("stop", "turn", "hide", "hide and stop", "walk");
      if (act === "stop") this.#stay(random.between(1, 15), false);
      else if (act === "turn") this.#turn(direction = -direction);
      else if (act === "hide and stop") this.#stay(random.between(0, 4), true);
      else if (act === "walk") {
        const x = inner();
        direction = x < this.#x ? -1 : 1;
        this.#walkTo(x);
      } else this.#hideWalking(direction, random.between(0, 4));
    }
    this.#side = direction > 0 ? "right" : "left";
    this.#walkTo(this.#side === "left" ? 0 : SIZE.width);
    this.#pass(this.#side, false);
  }

  /** Is out of the picture. */
  away(seconds: number): void {
    this.#stay(seconds, true);
  }

  #pass(side: Side, isIn: boolean): void {
    this.passages.push({ side, isIn, fromSeconds: this.#seconds, toSeconds: this.#seconds });
  }

  #stay(seconds: number, hidden: boolean): void {
    this.#leg(seconds, this.#x, hidden);
  }

  #walkTo(x: number): void {
    this.#leg(Math.abs(x - this.#x) / this.#speed(), x, false);
  }

  /** Walks the other way for a moment. */
  #turn(direction: number): void {
    const x = this.#x + direction * this.#random.between(1, 2) * this.#speed();
    this.#walkTo(Math.min(0.9 * SIZE.width, Math.max(0.1 * SIZE.width, x)));
  }

  /** Walks on behind a thing, and not out of the picture. */
  #hideWalking(direction: number, seconds: number): void {
    const x = this.#x + direction * seconds * this.#speed();
    this.#leg(seconds, Math.min(0.9 * SIZE.width, Math.max(0.1 * SIZE.width, x)), true);
  }

  /** Pixels per second. */
  #speed(): number {
    return this.#random.between(SPEED.least, SPEED.most) * this.#height;
  }

  #leg(seconds: number, toX: number, hidden: boolean): void {
    const fromSeconds = this.#seconds;
    this.#seconds += Math.max(0.001, seconds);
    this.legs.push({ fromSeconds, toSeconds: this.#seconds, fromX: this.#x, toX, hidden });
    this.#x = toX;
  }
}
