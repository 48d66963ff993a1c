/**
 * The most likely explanation of all detections of a simulated world: which are of one person, and which of
 * none. It knows how often a person is missed and something is detected that is none, how people walk, stand
 * and hide, and how far boxes are off. Of the explanations so far the best {@link KEPT} are followed.
 */
import type { BoxPx } from "../../../src/core/geometry.ts";
import { SIZE } from "../../../tests/support/presence/rig.ts";
import { APART_SECONDS } from "../../../tests/support/presence/walkers.ts";
import {
  CONFIDENCES,
  FALSE_BOX,
  type Look,
  MODEL,
  type Sighting,
} from "../../../tests/support/presence/world.ts";
import {
  anywhere,
  type Belief,
  cameIn,
  detected,
  goneTo,
  type Knowledge,
  likelyCentre,
  missed,
  moved,
  seenGain,
  type Side,
} from "./belief.ts";
import { SPEEDS } from "./modes.ts";

const KEPT = 80;
/** People who come into the picture at each side, per second. */
const COMING_PER_SECOND = 0.05;
/** Where a detection is this much less likely of one person than of none, it is not of that person. */
const GATE = -10;
/** One who was not seen for longer is not expected any more. */
const FORGET_SECONDS = 14;
/** The logarithm of how likely the next one comes where another one passed within {@link APART_SECONDS}. */
const TOO_SOON = -8;
/** The same for what is no one and detected with more confidence than that is. */
const NEVER = -12;

/** One person of an explanation, up to the newest inference. */
export interface Person {
  /** The newest detection. */
  readonly seen: Seen;
  readonly belief: Belief;
  readonly atSeconds: number;
  readonly seenAtSeconds: number;
  readonly bornAtSeconds: number;
  /** The edge that it came in over. */
  readonly from: Side | null;
}

/** A detection of a person, and the ones before it. */
export interface Seen {
  readonly look: number;
  readonly sighting: Sighting;
  readonly before: Seen | null;
  /** Who it is, as far as that is known. */
  readonly walker: number | null;
}

/** An explanation of what was detected so far. */
export interface Explanation {
  readonly people: readonly Person[];
  readonly gone: Past | null;
  readonly score: number;
}

/** One who is not expected any more, and those before. */
interface Past {
  readonly seen: Seen;
  readonly before: Past | null;
}

/** What one inference shows. */
export interface Shown {
  readonly index: number;
  readonly look: Look;
  readonly sightings: readonly Sighting[];
  /** Between it and the one before. */
  readonly gapSeconds: number;
  readonly isOutage: boolean;
  readonly knows: Knowledge;
}

/** What becomes of a person, and the logarithm of how likely that is. */
interface Outcome {
  readonly person: Person;
  readonly gain: number;
}

/** For each detection what becomes of one person when it is that person's; then when none is. */
type Outcomes = readonly (Outcome | null)[];

/** How an explanation goes on: whose each detection is, {@link NEW} or {@link NONE}. */
interface Way {
  readonly from: Explanation;
  readonly outcomes: readonly Outcomes[];
  readonly whose: readonly number[];
  readonly score: number;
}

const NEW = -1;
const NONE = -2;

export const NOTHING: Explanation = { people: [], gone: null, score: 0 };

/** Goes on with what an inference shows. @returns the best explanations, the best one first */
export function goOn(before: readonly Explanation[], shown: Shown): readonly Explanation[] {
  const known = new Map<Person, Outcomes>();
  const ways = before.flatMap((from) => {
    const outcomes = from.people.map((person) => {
      const found = known.get(person) ?? outcomesOf(person, shown);
      known.set(person, found);
      return found;
    });
    return waysOf({ from, outcomes }, shown);
  });
  ways.sort((one, other) => other.score - one.score);
  const births = shown.sightings.map((sighting) => born(sighting, shown));
  const made = new Map<string, Explanation>();
  for (const way of ways) {
    if (made.size === KEPT) break;
    const next = followed(way, births);
    const key = keyOf(next);
    if (!made.has(key)) made.set(key, next);
  }
  return [...made.values()];
}

/** Goes on as it is known. @param walkerOf  the walker of each detection that is of one */
export function goOnAs(
  from: Explanation,
  shown: Shown,
  walkerOf: ReadonlyMap<Sighting, number>,
): Explanation {
  const outcomes = from.people.map((person) => outcomesOf(person, shown));
  const walkers = from.people.map(({ seen }) => seen.walker);
  const births = shown.sightings.map((sighting) => {
    const one = born(sighting, shown);
    const walker = walkerOf.get(sighting) ?? null;
    return {
      ...one,
      belief: anywhere(sighting.detection.box, shown.knows),
      seen: { ...one.seen, walker },
    };
  });
  const whose = births.map(({ seen: { walker } }) =>
    walker === null ? NONE : walkers.indexOf(walker)
  );
  return followed({ from, outcomes, whose, score: 0 }, births);
}

/** The detections of each person of an explanation. */
export function seenOf({ people, gone }: Explanation): readonly Seen[] {
  const all = people.map(({ seen }) => seen);
  for (let past = gone; past !== null; past = past.before) all.push(past.seen);
  return all;
}

function outcomesOf(person: Person, { look, index, sightings }: Shown): Outcomes {
  const atSeconds = look.atMs / 1000;
  const belief = moved(person.belief, person.atSeconds, atSeconds);
  const isCovered = sightings.some(({ detection: { box } }) => covers(box, belief));
  const none = missed(belief, isCovered);
  return [
    ...sightings.map((sighting) => {
      const updated = detected(belief, sighting);
      if (updated === null) return null;
      const seen = { ...person.seen, look: index, sighting, before: person.seen };
      const next = { ...person, belief: updated.belief, seen, atSeconds, seenAtSeconds: atSeconds };
      return { gain: updated.gain, person: next };
    }),
    { gain: none.gain, person: { ...person, belief: none.belief, atSeconds } },
  ];
}

/** Whether one who stands nearer hides a person. */
function covers(box: BoxPx, belief: Belief): boolean {
  const { bottom, width: { mean: width } } = belief;
  if (box.y + box.height <= bottom.mean) return false;
  const centre = likelyCentre(belief);
  const common = Math.min(box.x + box.width, centre + width / 2) -
    Math.max(box.x, centre - width / 2);
  return common > 0.5 * width;
}

function waysOf(base: Pick<Way, "from" | "outcomes">, shown: Shown): Way[] {
  const { from, outcomes } = base;
  const missedGains = outcomes.map((each) => each.at(-1)?.gain ?? 0);
  let ways: Pick<Way, "whose" | "score">[] = [{
    whose: [],
    score: missedGains.reduce((sum, gain) => sum + gain, from.score),
  }];
  for (const [place, sighting] of shown.sightings.entries()) {
    const none = falseGain(sighting, shown);
    const gains: (readonly [number, number])[] = [
      [NONE, none],
      [NEW, comingGain(sighting, from, shown)],
      ...outcomes.map((each, at) =>
        [at, (each[place]?.gain ?? -Infinity) - (missedGains[at] ?? 0)] as const
      ),
    ];
    const possible = gains.filter(([, gain]) => gain >= none + GATE);
    ways = ways.flatMap(({ whose, score }) =>
      possible.filter(([whom]) => whom < 0 || !whose.includes(whom))
        .map(([whom, gain]) => ({ whose: [...whose, whom], score: score + gain }))
    );
  }
  return ways.map((way) => ({ ...base, ...way }));
}

function followed({ from, outcomes, whose, score }: Way, births: readonly Person[]): Explanation {
  const people: Person[] = [];
  let { gone } = from;
  for (const [at, each] of outcomes.entries()) {
    const next = each.at(whose.indexOf(at))?.person;
    if (next === undefined) continue;
    if (next.atSeconds - next.seenAtSeconds <= FORGET_SECONDS) people.push(next);
    else gone = { seen: next.seen, before: gone };
  }
  for (const [place, whom] of whose.entries()) {
    const one = births[place];
    if (whom === NEW && one !== undefined) people.push(one);
  }
  return { people, gone, score };
}

/** Explanations with the same key have the same people now, as far as their newest detections say. */
function keyOf({ people }: Explanation): string {
  return people.map(({ seen }) => `${seenKey(seen)}/${seenKey(seen.before)}`).toSorted().join(" ");
}

function seenKey(seen: Seen | null): string {
  return seen === null ? "" : `${seen.look}:${seen.sighting.detection.box.x}`;
}

/** The density of places and sizes of what is no one, which stands for that of people seen first as well. */
function shapeGain({ height }: BoxPx): number {
  const [low, high] = FALSE_BOX.height;
  const [narrow, wide] = FALSE_BOX.aspect;
  return -Math.log((high - low) * (SIZE.height - height) * (wide - narrow) * height);
}

function falseGain(
  { detection: { box, confidence }, weak }: Sighting,
  { knows }: Shown,
): number {
  const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.falseFull;
  const perLook = 1 / (weak ? MODEL.framesPerWeakFalse : MODEL.framesPerFalse);
  const place = -Math.log(SIZE.width - box.width);
  const sure = knows.isOfWorld && confidence > most ? NEVER : 0;
  return Math.log(perLook / (1 - perLook) / (most - least)) + shapeGain(box) + place + sure;
}

function comingGain(sighting: Sighting, { people }: Explanation, shown: Shown): number {
  const { detection: { box }, weak } = sighting;
  const { side, density } = entryOf(box, shown);
  const atSeconds = shown.look.atMs / 1000;
  const isTooSoon = people.some(({ belief, from, bornAtSeconds }) =>
    from === side && atSeconds - bornAtSeconds < APART_SECONDS ||
    goneTo(belief) === side && atSeconds - belief.goneAt < APART_SECONDS
  );
  return Math.log(density) + shapeGain(box) + seenGain(weak) +
    (isTooSoon && shown.knows.isOfWorld ? TOO_SOON : 0);
}

function born(sighting: Sighting, shown: Shown): Person {
  const { box } = sighting.detection;
  const atSeconds = shown.look.atMs / 1000;
  const { side, likely } = entryOf(box, shown);
  return {
    seen: { look: shown.index, sighting, before: null, walker: null },
    belief: cameIn(box, { isLeft: side === "left", likely, knows: shown.knows }),
    ...{ atSeconds, seenAtSeconds: atSeconds, bornAtSeconds: atSeconds, from: side },
  };
}

/** How likely a person whose first detection is here came in over an edge, and over which one. */
function entryOf({ x, width, height }: BoxPx, { gapSeconds, isOutage, knows }: Shown) {
  const centre = x <= 0
    ? x + width - 0.2 * height
    : x + width >= SIZE.width
    ? x + 0.2 * height
    : x + width / 2;
  const side: Side = centre < SIZE.width / 2 ? "left" : "right";
  const way = Math.max(0, side === "left" ? centre : SIZE.width - centre);
  const miss = (1 - MODEL.recall) * (1 - MODEL.weakRecall);
  const likely = (speed: number) => Math.pow(miss, Math.floor(way / (speed * gapSeconds))) / speed;
  const far = COMING_PER_SECOND * gapSeconds * (isOutage ? 1 : knows.elsewhere) / SIZE.width;
  const near = SPEEDS.reduce((sum, speed) => sum + likely(speed * height), 0) / SPEEDS.length;
  return { side, likely, density: COMING_PER_SECOND * near + far };
}
