/** People before a camera that looks down obliquely: on curved ways, nearer and farther. */
import type { Random } from "../../../tests/support/presence/random.ts";
import type { Visitor } from "../../../tests/support/presence/world.ts";
import {
  boxAt,
  type Ground,
  halfViewMetres,
  isInView,
  type Upright,
  withinPicture,
} from "./oblique_camera.ts";

/** How far away people walk; their curved ways lead them a little nearer. */
const AWAY_METRES = { comesIn: [4.5, 12], nearest: 3.5, least: 4.2, most: 12 } as const;
/** How far beside the view one comes from, and goes to. */
const BESIDE_METRES = { from: 0.6, to: 0.7 } as const;
/** Metres per second. */
const SPEED = [0.6, 1.6] as const;
/** How far the middle of a way is beside the straight one, in lengths of the way. */
const BOW = [-0.15, 0.15] as const;
const STEP_SECONDS = 0.25;
/** One who comes out from behind a thing is in sight for so long before the next step. */
const COMES_OUT_SECONDS = 0.001;

const TALL_METRES = [1.5, 1.95] as const;
/** The width of a person in heights; it swings by a part, as arms and legs do. */
const ASPECT = { mean: [0.36, 0.54], swing: [0, 0.12], radiansPerSecond: 6 } as const;
/** The parts of width and height that the picture has to show of a person. */
const SHOWN = { width: 0.25, height: 0.4 } as const;

/** Between two who come alone, and between two starts of those who do not, in seconds. */
const BETWEEN_SECONDS = { alone: [6, 15], starts: [1, 8] } as const;
/** Between two people at one side of the view: else no one could say which of them comes back. */
const APART_SECONDS = 7;

/** Where a person is at a time, and whether in sight on the way to there. */
interface Point extends Ground {
  readonly atSeconds: number;
  readonly inSight: boolean;
}

/** A time at which a person is beside the view, or comes into it. */
interface Passage {
  readonly side: number;
  readonly atSeconds: number;
}

/**
 * Makes people who come into the picture `stays` times.
 * @param atOnce  so many are before the camera at most
 * @returns in the order in which they come
 */
export function people(
  random: Random,
  { stays, atOnce }: { readonly stays: number; readonly atOnce: number },
): readonly Visitor[] {
  const made: Visitor[] = [];
  const passages: Passage[] = [];
  let seconds = 2;
  for (let count = 0; count < stays;) {
    const before = made.at(-1);
    if (atOnce > 1) {
      seconds += random.between(...BETWEEN_SECONDS.starts);
      while (made.filter((one) => one.endsAtSeconds > seconds).length >= atOnce) seconds += 0.5;
    } else if (before !== undefined) {
      seconds = before.endsAtSeconds + random.between(...BETWEEN_SECONDS.alone);
    }
    const one = person(random, seconds);
    if (atOnce > 1 && one.passages.some((mine) => passages.some((its) => areNear(mine, its)))) {
      continue;
    }
    made.push(one.visitor);
    passages.push(...one.passages);
    count += one.stays;
  }
  return made;
}

function areNear(one: Passage, other: Passage): boolean {
  return one.side === other.side && Math.abs(one.atSeconds - other.atSeconds) < APART_SECONDS;
}

/** Draws a person, who comes once or twice. */
function person(random: Random, startSeconds: number) {
  const metres = random.between(...TALL_METRES);
  const aspect = random.between(...ASPECT.mean);
  const swing = random.between(...ASPECT.swing);
  const phase = random.between(0, 6);
  const way = new Way(random, startSeconds);
  way.visit();
  let stays = 1;
  if (random.chance(0.25)) {
    const isShort = random.chance(0.5);
    way.comeBack(isShort ? random.between(0.5, 3) : random.between(7, 12));
    if (!isShort) stays = 2;
  }
  const swung = (atSeconds: number) =>
    1 + swing * Math.sin(ASPECT.radiansPerSecond * atSeconds + phase);
  const visitor: Visitor = {
    startsAtSeconds: startSeconds,
    endsAtSeconds: way.seconds,
    placeAt: (atSeconds) =>
      shown(way.points, { atSeconds, metres, aspect: aspect * swung(atSeconds) }),
  };
  return { visitor, passages: passagesOf(way.points), stays };
}

function shown(
  points: readonly Point[],
  { atSeconds, ...size }: Upright & { readonly atSeconds: number },
): ReturnType<Visitor["placeAt"]> {
  const next = points.findIndex((point) => point.atSeconds > atSeconds);
  const from = points[next - 1];
  const to = points[next];
  if (from === undefined || to?.inSight !== true) return null;
  const part = (atSeconds - from.atSeconds) / (to.atSeconds - from.atSeconds);
  const at = { x: mix(from.x, to.x, part), away: mix(from.away, to.away, part) };
  const whole = boxAt(at, size);
  const box = withinPicture(whole);
  const isShown = box.width >= SHOWN.width * whole.width &&
    box.height >= SHOWN.height * whole.height;
  return isShown ? { box, nearness: -at.away } : null;
}

function mix(from: number, to: number, part: number): number {
  return from + part * (to - from);
}

function passagesOf(points: readonly Point[]): readonly Passage[] {
  return points.flatMap((point, index) => {
    const before = points[index - 1] ?? point;
    const { x, atSeconds } = point;
    return isInView(before) && isInView(point) ? [] : [{ side: Math.sign(x), atSeconds }];
  });
}

/** The way of one person, made step by step. */
class Way {
  readonly points: Point[] = [];
  readonly #random: Random;
  #seconds: number;
  #at: Ground;
  #speed = 0;

  /** Begins beside the view. */
  constructor(random: Random, startSeconds: number) {
    this.#random = random;
    this.#seconds = startSeconds;
    const away = random.between(...AWAY_METRES.comesIn);
    this.#at = { x: this.#beside(away, BESIDE_METRES.from), away };
    this.#point(true);
  }

  /** When it ends. */
  get seconds(): number {
    return this.#seconds;
  }

  /** Does some things, and goes out on either side. */
  visit(): void {
    const random = this.#random;
    const acts = 1 + Math.floor(random.between(0, 5));
    this.#speed = random.between(...SPEED);
    for (let act = 0; act < acts; act++) {
      const drawn = random.next();
      if (drawn < 0.45) this.#walkInto(0.6, this.#awayFrom(3));
      else if (drawn < 0.65) this.#stand(random.between(1, 12));
      else if (drawn < 0.85) this.#hide();
      else this.#speed = random.between(...SPEED);
    }
    this.#goOut();
  }

  /** Comes in where they went out, stops, and goes out again. */
  comeBack(afterSeconds: number): void {
    this.#stand(afterSeconds);
    this.#walkInto(0.5, this.#at.away);
    this.#stand(this.#random.between(1, 6));
    this.#goOut();
  }

  #goOut(): void {
    const { away } = this.#at;
    this.#walkTo({ x: this.#beside(away, BESIDE_METRES.to), away });
  }

  /** Walks into so much of the view, from its middle. */
  #walkInto(part: number, away: number): void {
    this.#walkTo({ x: this.#random.between(-part, part) * halfViewMetres(away), away });
  }

  /** Goes behind a thing, comes out somewhere else, and walks on. */
  #hide(): void {
    const random = this.#random;
    const seconds = random.between(0, 4);
    const away = this.#awayFrom(1.5);
    const far = Math.min(seconds * this.#speed, 4);
    const most = 0.8 * halfViewMetres(away);
    const x = bounded(this.#at.x + far * Math.cos(random.between(0, 6.28)), -most, most);
    const steps = Math.ceil(seconds / STEP_SECONDS);
    this.#goTo({ x, away }, { seconds, steps, inSight: false });
    this.#stand(COMES_OUT_SECONDS);
    this.#walkTo({
      x: this.#at.x + random.between(-0.8, 0.8),
      away: Math.max(AWAY_METRES.least, this.#at.away + random.between(-0.3, 0.3)),
    });
  }

  #stand(seconds: number): void {
    this.#seconds += seconds;
    this.#point(true);
  }

  #walkTo(to: Ground): void {
    const metres = Math.hypot(to.x - this.#at.x, to.away - this.#at.away);
    const bow = this.#random.between(...BOW);
    const seconds = metres / this.#speed;
    this.#goTo(to, { seconds, steps: Math.round(seconds / STEP_SECONDS), inSight: true, bow });
  }

  #goTo(
    to: Ground,
    { seconds, steps, inSight, bow = 0 }: {
      readonly seconds: number;
      readonly steps: number;
      readonly inSight: boolean;
      readonly bow?: number;
    },
  ): void {
    const from = this.#at;
    const startSeconds = this.#seconds;
    const count = Math.max(1, steps);
    for (let step = 1; step <= count; step++) {
      const part = step / count;
      const beside = bow * Math.sin(Math.PI * part);
      const x = mix(from.x, to.x, part) + beside * (to.away - from.away);
      const away = mix(from.away, to.away, part) - beside * (to.x - from.x);
      this.#at = { x, away: Math.max(AWAY_METRES.nearest, away) };
      this.#seconds = startSeconds + part * seconds;
      this.#point(inSight);
    }
  }

  #point(inSight: boolean): void {
    this.points.push({ ...this.#at, atSeconds: this.#seconds, inSight });
  }

  /** Beside the view, on either side. */
  #beside(away: number, metres: number): number {
    return this.#random.pick(-1, 1) * (halfViewMetres(away) + metres);
  }

  /** Somewhat nearer or farther than now. */
  #awayFrom(metres: number): number {
    const away = this.#at.away + this.#random.between(-metres, metres);
    return bounded(away, AWAY_METRES.least, AWAY_METRES.most);
  }
}

function bounded(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
