/** Where an object is: what is seen again may also be a false detection near it. */
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import { type BoxPx, iou } from "../core/geometry.ts";
import type { PresenceSettings } from "../core/presence_types.ts";
import { distancePx, type PointPx } from "./points.ts";

/** After so many inferences without an object, what is away from its last place has to be confirmed. */
const MISSED_MIN = 3;

/**
 * With longer gaps between inferences there is no time to confirm anything, and a false detection is as
 * much rarer.
 */
const SLOW_MS = 600;

/** A box that overlaps the last one so much is not away from it. */
const HERE_OVERLAP = 0.15;

/** How far an object may have come, in heights. */
const REACH = { atOnce: 0.3, perSecond: 1.2, most: 3.5 } as const;

/** How many times as high one of two boxes of one object may be. */
const HEIGHT_RATIO_MAX = 1.8;

/** An object whose way leads out of the picture comes back so near to where it was, in heights. */
const RETURN_REACH = 1.5;

/** For how long an object is taken to go on as it went. */
const COAST_SECONDS = 2;

/** The time in which a velocity is forgotten. */
const VELOCITY_SECONDS = 0.7;

/** Where an object was seen. */
export interface SeenPlace {
  readonly box: BoxPx;
  readonly atMs: SteadyMs;
}

/** An inference, as it is counted for one camera and detector. */
export interface Inference {
  readonly number: number;
  /** Between it and the one before. */
  readonly gapMs: number;
  readonly start: PresenceSettings["start"];
  /** What was seen of the picture. */
  readonly seen: BoxPx;
}

/** What is known of where one object is. */
export class Whereabouts {
  #last: SeenPlace;
  /** The number of the inference in which it was last seen. */
  #seenIn = 0;
  /** Pixels per second. */
  #velocity: PointPx = { x: 0, y: 0 };
  readonly #detections = new Detections();
  /** Away from its last place, not confirmed yet. */
  readonly #away = new Detections();
  /** Where it was seen before it was missed, until it is seen in a second inference. */
  #before: SeenPlace | null = null;
  #isStale: boolean;
  #hasTrack = true;

  /** @param isStale  its place may be an old one, because the thread that knew better was replaced */
  constructor(first: SeenPlace, isStale: boolean) {
    this.#last = first;
    this.#isStale = isStale;
  }

  /** Where it was last seen. */
  get last(): SeenPlace {
    return this.#last;
  }

  /** Whether its track may follow something else, so that another track may be its own. */
  get isAstray(): boolean {
    return this.#isStale || !this.#hasTrack || this.#before !== null || !this.#away.isEmpty;
  }

  /**
   * Counts a detection with confidence.
   * @returns whether it was detected in enough of the newest inferences
   */
  detectedIn({ number, start }: Inference): boolean {
    return this.#detections.add(number, start);
  }

  /** Whether what its track has come to is another object, because this one has left the picture. */
  isOther(to: SeenPlace, { seen }: Inference): boolean {
    if (this.#isStale) return false;
    return this.#isLeaving(to.atMs, seen) && heights(this.#last.box, to.box) > RETURN_REACH;
  }

  /**
   * Whether what its track has come to is the object: near its last place it is; away from it, once it is
   * confirmed like the start of a stay.
   */
  isAt(box: BoxPx, { number, gapMs, start }: Inference): boolean {
    if (gapMs > SLOW_MS || this.missed(number - 1) < MISSED_MIN) return true;
    if (iou(box, this.#last.box) >= HERE_OVERLAP) return true;
    return this.#away.add(number, start);
  }

  /** Its track follows another object: it waits for another track. */
  loseTrack(): void {
    this.#hasTrack = false;
  }

  /** How many inferences were without it. */
  missed(inference: number): number {
    return inference - this.#seenIn;
  }

  /** Whether the next inferences may confirm that it is somewhere else. */
  isAwaited(inference: number, { of }: PresenceSettings["start"]): boolean {
    const { newest } = this.#away;
    return newest !== null && inference - newest < of - 1;
  }

  /** It is seen. */
  found(place: SeenPlace, { number, gapMs }: Inference): void {
    const isSure = gapMs > SLOW_MS || this.missed(number - 1) < MISSED_MIN || !this.#away.isEmpty;
    this.#before = isSure ? null : this.#last;
    this.#seenIn = number;
    this.#isStale = false;
    this.#hasTrack = true;
    this.#away.clear();
    const seconds = sinceMs(this.#last.atMs, place.atMs) / 1000;
    if (seconds < 0) return;
    if (seconds > 0) this.#follow(place.box, seconds);
    this.#last = place;
  }

  /** The way from its last place to another one in heights; Infinity where it cannot be by then. */
  way(to: SeenPlace): number {
    const way = this.#way(this.#last, to);
    return this.#before === null ? way : Math.min(way, this.#way(this.#before, to));
  }

  #way(from: SeenPlace, to: SeenPlace): number {
    const way = heights(from.box, to.box);
    if (this.#isStale) return way;
    const seconds = Math.max(0, sinceMs(from.atMs, to.atMs)) / 1000;
    const reach = Math.min(REACH.most, REACH.atOnce + REACH.perSecond * seconds);
    const ratio = to.box.height / from.box.height;
    const isLike = Math.max(ratio, 1 / ratio) <= HEIGHT_RATIO_MAX;
    return isLike && way <= reach ? way : Infinity;
  }

  #follow(box: BoxPx, seconds: number): void {
    const before = centre(this.#last.box);
    const now = centre(box);
    const weight = 1 - Math.exp(-seconds / VELOCITY_SECONDS);
    this.#velocity = {
      x: this.#velocity.x + weight * ((now.x - before.x) / seconds - this.#velocity.x),
      y: this.#velocity.y + weight * ((now.y - before.y) / seconds - this.#velocity.y),
    };
  }

  #isLeaving(atMs: SteadyMs, seen: BoxPx): boolean {
    const seconds = Math.min(COAST_SECONDS, Math.max(0, sinceMs(this.#last.atMs, atMs) / 1000));
    const from = centre(this.#last.box);
    const x = from.x + seconds * this.#velocity.x;
    const y = from.y + seconds * this.#velocity.y;
    return x < seen.x || x > seen.x + seen.width || y < seen.y || y > seen.y + seen.height;
  }
}

function centre({ x, y, width, height }: BoxPx): PointPx {
  return { x: x + width / 2, y: y + height / 2 };
}

/** The distance between two boxes in heights. */
function heights(one: BoxPx, other: BoxPx): number {
  return distancePx({ from: centre(one), to: centre(other) }) / Math.max(one.height, other.height);
}

/** Counts the inferences in which something was detected with confidence. */
class Detections {
  readonly #newest: number[] = [];

  get isEmpty(): boolean {
    return this.#newest.length === 0;
  }

  /** The newest inference with one; null before the first. */
  get newest(): number | null {
    return this.#newest.at(-1) ?? null;
  }

  /** @returns whether it was in `frames` of the newest `of` inferences */
  add(inference: number, { frames, of }: PresenceSettings["start"]): boolean {
    this.#newest.push(inference);
    while (this.#newest.length > frames) this.#newest.shift();
    const [oldest = inference] = this.#newest;
    return this.#newest.length >= frames && inference - oldest < of;
  }

  clear(): void {
    this.#newest.length = 0;
  }
}
