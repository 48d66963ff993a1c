/**
 * A second simulated world, in which other things hold than in the first one: the camera looks down
 * obliquely, people come nearer and go away, the width of a box swings, the rate of inferences varies, and
 * people are missed several times on end. A rule that helps in one world only is made for that world.
 */
import { Random } from "../../../tests/support/presence/random.ts";
import { person, SIZE } from "../../../tests/support/presence/rig.ts";
import {
  END_MS,
  type Fault,
  FAULT_MS,
  FAULTS,
  isLastChance,
  type Look,
  looksAt,
  type Sighting,
  type Sightings,
  visibleLooks,
  type Visitor,
  type World,
  type WorldOptions,
} from "../../../tests/support/presence/world.ts";
import { boxAt, halfViewMetres, withinPicture } from "./oblique_camera.ts";
import { people } from "./oblique_people.ts";

/** People before the camera, unless they come alone. */
const AT_ONCE_MAX = 3;

/** What is found, as in the first world, at other rates. */
const MODEL = {
  recall: 0.8,
  weakRecall: 0.6,
  framesPerFalse: 200,
  framesPerWeakFalse: 20,
} as const;
/** The recall for one person is one of two, and after each inference stays as it is so often. */
const RUNS = { goesOn: 0.7, more: 0.95, less: 0.25 } as const;

const CONFIDENCES = { full: [0.42, 0.92], falseFull: [0.42, 0.65], weak: [0.2, 0.42] } as const;

/** How much each edge of a box is off, in heights. */
const EDGE_NOISE = { sides: 0.024, ends: 0.04 } as const;
/** A detector gives no smaller boxes. */
const LEAST_PX = { width: 4, height: 8 } as const;

/** What is no one; half of it stands on the ground. */
const FALSE_BOX = { away: [4, 13], beside: 0.9, metres: [0.8, 2], aspect: [0.25, 0.8] } as const;

/** A person of whom people in front cover this part is not detected. */
const COVERED = 0.55;
/** No visible person is missed for so long: shorter than a stay takes to end. */
const MISSED_MS = 0.9 * END_MS;

/** How often a fault strikes while a person is there, and how much later than the end of the last one. */
const FAULTS_PER_PERSON = 0.35;
const FAULTS_APART_MS = 20_000;
/** The time between two inferences, in usual ones. */
const INTERVALS = [0.85, 1.15] as const;

/** Makes a world in which people come into the picture `stays` times. */
export function makeObliqueWorld({ seed, rateHz, stays, alone }: WorldOptions): World {
  const random = new Random(7919 * seed + 17);
  const visitors = people(random, { stays, atOnce: alone ? 1 : AT_ONCE_MAX });
  const untilMs = 1000 * Math.max(...visitors.map((one) => one.endsAtSeconds)) + 3 * END_MS;
  const faults = drawFaults(random, visitors);
  const looks = looksAt(timesMs(random, { rateHz, untilMs }), faults);
  const visible = visibleLooks(visitors, { looks, covered: COVERED });
  let forced = 0;
  const sightings = visitors.map((one, index) => {
    const seen = detections(random, one, { looks, visible: visible[index] ?? [] });
    forced += seen.forced;
    return seen.sightings;
  });
  return { looks, sightings, false: falseDetections(random, looks.length), forced };
}

function drawFaults(random: Random, visitors: readonly Visitor[]): readonly Fault[] {
  const faults: Fault[] = [];
  for (const { startsAtSeconds, endsAtSeconds } of visitors) {
    if (!random.chance(FAULTS_PER_PERSON)) continue;
    const kind = random.pick(...FAULTS);
    const fromMs = 1000 * random.between(startsAtSeconds, endsAtSeconds);
    if (fromMs < (faults.at(-1)?.toMs ?? 0) + FAULTS_APART_MS) continue;
    faults.push({ kind, fromMs, toMs: fromMs + FAULT_MS[kind] });
  }
  return faults;
}

function timesMs(
  random: Random,
  { rateHz, untilMs }: { readonly rateHz: number; readonly untilMs: number },
): readonly number[] {
  const times: number[] = [];
  for (let atMs = 0; atMs < untilMs;) {
    atMs += 1000 / rateHz * random.between(...INTERVALS);
    times.push(atMs);
  }
  return times;
}

function detections(
  random: Random,
  one: Visitor,
  { looks, visible }: { readonly looks: readonly Look[]; readonly visible: readonly number[] },
): { readonly sightings: Sightings; readonly forced: number } {
  const sightings = new Map<number, Sighting>();
  let recall: number = MODEL.recall;
  let last: number | null = null;
  let forced = 0;
  for (const [index, look] of visible.entries()) {
    const place = one.placeAt((looks[look]?.atMs ?? 0) / 1000);
    if (place === null) continue;
    if (!random.chance(RUNS.goesOn)) recall = random.chance(MODEL.recall) ? RUNS.more : RUNS.less;
    const next = visible[index + 1] ?? null;
    const isFull = random.chance(recall);
    const isLast = isLastChance(looks, { last, look, next, endMs: MISSED_MS });
    if (!isFull && isLast) forced++;
    const weak = !isFull && !isLast;
    if (weak && !random.chance(MODEL.weakRecall)) continue;
    if (!weak) last = look;
    const { x, y, width, height } = place.box;
    const noise = (heights: number) => random.normal(heights * height);
    const left = x + noise(EDGE_NOISE.sides);
    const top = y + noise(EDGE_NOISE.ends);
    const box = withinPicture({
      ...{ x: left, y: top },
      width: x + width + noise(EDGE_NOISE.sides) - left,
      height: y + height + noise(EDGE_NOISE.ends) - top,
    });
    if (box.width < LEAST_PX.width || box.height < LEAST_PX.height) continue;
    const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.full;
    const confidence = random.between(least, most);
    sightings.set(look, { weak, detection: person(box, confidence) });
  }
  return { sightings, forced };
}

function falseDetections(random: Random, looks: number): Sightings {
  const found = new Map<number, Sighting>();
  for (let look = 0; look < looks; look++) {
    const weak = !random.chance(1 / MODEL.framesPerFalse);
    if (weak && !random.chance(1 / MODEL.framesPerWeakFalse)) continue;
    const away = random.between(...FALSE_BOX.away);
    const x = random.between(-FALSE_BOX.beside, FALSE_BOX.beside) * halfViewMetres(away);
    const metres = random.between(...FALSE_BOX.metres);
    const box = boxAt({ x, away }, { metres, aspect: random.between(...FALSE_BOX.aspect) });
    const y = random.chance(0.5) ? box.y : random.between(0, SIZE.height - box.height);
    const [least, most] = weak ? CONFIDENCES.weak : CONFIDENCES.falseFull;
    const confidence = random.between(least, most);
    found.set(look, { weak, detection: person(withinPicture({ ...box, y }), confidence) });
  }
  return found;
}
