/** A simulated world: walkers, faults, and what a detector sees of them. */
import type { Detection } from "../../../src/core/detector_types.ts";
import { type BoxPx, commonArea } from "../../../src/core/geometry.ts";
import { Random } from "./random.ts";
import { person, SETTINGS, SIZE } from "./rig.ts";
import {
  endsAtSeconds,
  inSight,
  placeOf,
  startsAtSeconds,
  type Walker,
  walkers,
} from "./walkers.ts";

/**
 * The bundled model at its threshold: of the people in a picture it finds so many, most others with less
 * confidence, and in one of so many frames something that is no one.
 */
export const MODEL = {
  recall: 0.66,
  weakRecall: 0.75,
  framesPerFalse: 200,
  framesPerWeakFalse: 20,
};

/** The confidences of detections, of those that are of no one, and of weak ones. */
export const CONFIDENCES = {
  full: [0.45, 0.9],
  falseFull: [0.45, 0.6],
  weak: [0.2, 0.45],
} as const;

/** How much each edge of a box is off, in heights. */
export const EDGE_NOISE = 0.03;

/** What is no one: its height in pixels, and its width in heights. */
export const FALSE_BOX = { height: [60, 350], aspect: [0.25, 0.7] } as const;

/** A person of whom people in front cover this part is not detected. */
const COVERED = 0.6;

export const FAULTS = [
  /** The thread with presence is replaced. */
  "thread",
  /** A worker is replaced: nothing is inferred for a while. */
  "worker",
  /** The camera connects again, sooner and later than a stay ends. */
  "short reconnect",
  "long reconnect",
  /** Orion is killed and started again. */
  "restart",
] as const;

export interface Fault {
  readonly kind: typeof FAULTS[number];
  readonly fromMs: number;
  readonly toMs: number;
}

export const FAULT_MS: Readonly<Record<Fault["kind"], number>> = {
  ...{ thread: 400, worker: 4000, "short reconnect": 3000, "long reconnect": 9000 },
  restart: 10_000,
};

/** An inference. */
export interface Look {
  readonly atMs: number;
  /**
   * How long inferences have gone on: a gap between two counts as half of `endSeconds` at most. Absence is
   * measured by it.
   */
  readonly observedMs: number;
  /** The faults since the inference before it. */
  readonly faults: readonly Fault[];
}

/** One who may be visible for a time. */
export interface Visitor {
  readonly startsAtSeconds: number;
  readonly endsAtSeconds: number;
  /** The box, and how near: who is nearer covers others. Null while not in sight. */
  placeAt(atSeconds: number): { readonly box: BoxPx; readonly nearness: number } | null;
}

/** Where one walker was detected: by the index of the inference. */
export type Sightings = ReadonlyMap<number, Sighting>;

export interface Sighting {
  readonly detection: Detection;
  readonly weak: boolean;
}

export interface World {
  readonly looks: readonly Look[];
  readonly sightings: readonly Sightings[];
  /** False detections by the index of the inference. */
  readonly false: Sightings;
  /** Detections that were added, so that no visible person is missed for `endSeconds`. */
  readonly forced: number;
}

export const END_MS = 1000 * SETTINGS.endSeconds;

export interface WorldOptions {
  readonly seed: number;
  readonly rateHz: number;
  /** So many times people come into the picture. */
  readonly stays: number;
  /** One after another, or several at once. */
  readonly alone: boolean;
}

/** Makes a world with a camera before which no one comes nearer. */
export function makeWorld(
  { seed, rateHz, stays, alone, withFaults }: WorldOptions & { readonly withFaults: boolean },
): World {
  const random = new Random(seed);
  const people = walkers(random, { stays, alone });
  const untilMs = 1000 * Math.max(...people.map(endsAtSeconds)) + 3 * END_MS;
  const faults = withFaults ? drawFaults(random, people) : [];
  const looks = looksAt(timesMs(rateHz, untilMs), faults);
  const visible = visibleLooks(people.map(visitor), { looks, covered: COVERED });
  let forced = 0;
  const sightings = people.map((one, index) => {
    const seen = detections(random, one, { looks, visible: visible[index] ?? [] });
    forced += seen.forced;
    return seen.sightings;
  });
  return { looks, sightings, false: falseDetections(random, looks.length), forced };
}

/** Faults that strike while a walker is in sight, and are over before the walker is not. */
function drawFaults(random: Random, people: readonly Walker[]): readonly Fault[] {
  const faults: Fault[] = [];
  for (const [from, to] of people.flatMap(inSight).toSorted(([a], [b]) => a - b)) {
    const kind = random.pick(...FAULTS);
    const fromMs = 1000 * from + 1000 * random.between(0.5, 2);
    const toMs = fromMs + FAULT_MS[kind];
    if (toMs + 1000 > 1000 * to || fromMs < (faults.at(-1)?.toMs ?? 0) + 20_000) continue;
    faults.push({ kind, fromMs, toMs });
  }
  return faults;
}

function timesMs(rateHz: number, untilMs: number): readonly number[] {
  const times: number[] = [];
  for (let index = 1; 1000 * index / rateHz < untilMs; index++) times.push(1000 * index / rateHz);
  return times;
}

/** The inferences: at each of these times, unless a fault prevents it. */
export function looksAt(timesMs: readonly number[], faults: readonly Fault[]): readonly Look[] {
  const looks: Look[] = [];
  let next = 0;
  for (const atMs of timesMs) {
    if (faults.some(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs)) continue;
    const since: Fault[] = [];
    for (let fault = faults[next]; fault !== undefined && fault.toMs <= atMs; next++) {
      since.push(fault);
      fault = faults[next + 1];
    }
    const before = looks.at(-1) ?? { atMs, observedMs: 0 };
    const observedMs = before.observedMs + Math.min(atMs - before.atMs, END_MS / 2);
    looks.push({ atMs, observedMs, faults: since });
  }
  return looks;
}

function visitor(one: Walker): Visitor {
  return {
    startsAtSeconds: startsAtSeconds(one),
    endsAtSeconds: endsAtSeconds(one),
    placeAt(atSeconds) {
      const box = placeOf(one, atSeconds);
      return box === null ? null : { box, nearness: one.footY };
    },
  };
}

/**
 * The indices of the inferences in which each is visible.
 * @param covered  who is covered by this part by one who is nearer is not visible
 */
export function visibleLooks(
  visitors: readonly Visitor[],
  { looks, covered }: { readonly looks: readonly Look[]; readonly covered: number },
): readonly (readonly number[])[] {
  const visible: number[][] = visitors.map(() => []);
  const coming = visitors.map((one, index) => ({ one, index }))
    .toSorted((a, b) => a.one.startsAtSeconds - b.one.startsAtSeconds);
  let near: typeof coming = [];
  for (const [look, { atMs }] of looks.entries()) {
    near = near.filter(({ one }) => atMs < 1000 * one.endsAtSeconds);
    while (coming[0] !== undefined && 1000 * coming[0].one.startsAtSeconds <= atMs) {
      near.push(...coming.splice(0, 1));
    }
    const present = near.flatMap(({ one, index }) => {
      const place = one.placeAt(atMs / 1000);
      return place === null ? [] : [{ ...place, index }];
    });
    for (const { box, index, nearness } of present) {
      const parts = present.filter((other) => other.nearness > nearness)
        .map((other) => commonArea(box, other.box) / (box.width * box.height));
      if (Math.max(0, ...parts) < covered) visible[index]?.push(look);
    }
  }
  return visible;
}

function detections(
  random: Random,
  one: Walker,
  { looks, visible }: { readonly looks: readonly Look[]; readonly visible: readonly number[] },
): { readonly sightings: Sightings; readonly forced: number } {
  const sightings = new Map<number, Sighting>();
  let lastFull: number | null = null;
  let forced = 0;
  for (const [index, look] of visible.entries()) {
    const box = placeOf(one, (looks[look]?.atMs ?? 0) / 1000);
    if (box === null) continue;
    const next = visible[index + 1] ?? null;
    const isFull = random.chance(MODEL.recall);
    const isLast = isLastChance(looks, { last: lastFull, look, next, endMs: END_MS });
    const isWeak = random.chance(MODEL.weakRecall);
    if (!isFull && isLast) forced++;
    if (isFull || isLast) lastFull = look;
    else if (!isWeak) continue;
    const weak = lastFull !== look;
    const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.full;
    const confidence = random.between(least, most);
    sightings.set(look, { weak, detection: person(noisy(random, box), confidence) });
  }
  return { sightings, forced };
}

/**
 * Whether one who is not detected with confidence in this inference either has left by the rule before the
 * next one: then more than `endMs` have passed without.
 * @param last  the inference with the last confident detection
 * @param next  the next one in which they are visible
 */
export function isLastChance(
  looks: readonly Look[],
  { last, look, next, endMs }: {
    readonly last: number | null;
    readonly look: number;
    readonly next: number | null;
    readonly endMs: number;
  },
): boolean {
  const observedMs = (at: number) => looks[at]?.observedMs ?? 0;
  return last !== null && next !== null && observedMs(next) - observedMs(last) > endMs &&
    observedMs(next) - observedMs(look) <= endMs;
}

function falseDetections(random: Random, looks: number): Sightings {
  const found = new Map<number, Sighting>();
  for (let look = 0; look < looks; look++) {
    const weak = !random.chance(1 / MODEL.framesPerFalse);
    if (weak && !random.chance(1 / MODEL.framesPerWeakFalse)) continue;
    const height = random.between(...FALSE_BOX.height);
    const width = height * random.between(...FALSE_BOX.aspect);
    const box = {
      ...{ x: random.between(0, SIZE.width - width), y: random.between(0, SIZE.height - height) },
      ...{ width, height },
    };
    const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.falseFull;
    const confidence = random.between(least, most);
    found.set(look, { weak, detection: person(box, confidence) });
  }
  return found;
}

/** A box as a detector gives it: a little off, and within the picture. */
function noisy(random: Random, { x, y, width, height }: BoxPx): BoxPx {
  const edge = (at: number, end: number) =>
    Math.min(end, Math.max(0, at + random.normal(EDGE_NOISE * height)));
  const left = edge(x, SIZE.width - 2);
  const top = edge(y, SIZE.height - 2);
  const right = Math.max(left + 2, edge(x + width, SIZE.width));
  const bottom = Math.max(top + 2, edge(y + height, SIZE.height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}
