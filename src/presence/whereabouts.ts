/** Where an object is: what is seen again may also be a false detection near it. */
import { sinceMs, type SteadyMs } from "../core/clock.ts";
import { type BoxPx, iou } from "../core/geometry.ts";
import type { PresenceSettings } from "../core/presence_types.ts";

/** After so many inferences without an object, what is away from its last place has to be confirmed. */
const MISSED_MIN = 3;

/** A box that overlaps the last one so much is not away from it. */
const HERE_OVERLAP = 0.15;

/** How far an object may have come, in heights. */
const REACH = { atOnce: 0.3, perSecond: 1.2, most: 3.5 } as const;

/** How many times as high one of two boxes of one object may be. */
const HEIGHT_RATIO_MAX = 1.8;

/** Where an object was seen. */
export interface SeenPlace {
  readonly box: BoxPx;
  readonly atMs: SteadyMs;
}

/** What is known of where one object is. */
export class Whereabouts {
  readonly #detections = new Detections();
  /** Away from its last place, not confirmed yet. */
  readonly #away = new Detections();
  /** The number of the inference in which it was last seen. */
  #seenIn = 0;
  /** Where it was seen before it was missed, until it is seen in a second inference. */
  #before: SeenPlace | null = null;
  #isStale: boolean;

  /** @param isStale  its place may be an old one, because the thread that knew better was replaced */
  constructor(isStale: boolean) {
    this.#isStale = isStale;
  }

  /** Whether its track may follow something else, so that another track may be its own. */
  get isAstray(): boolean {
    return this.#isStale || this.#before !== null || !this.#away.isEmpty;
  }

  /**
   * Counts a detection with confidence.
   * @returns whether it was detected in enough of the newest inferences
   */
  detectedIn(inference: number, start: PresenceSettings["start"]): boolean {
    return this.#detections.add(inference, start);
  }

  /**
   * Whether what its track has come to is the object: near its last place it is; away from it, once it is
   * confirmed like the start of a stay.
   */
  isAt(
    box: BoxPx,
    { last, inference, start }: {
      readonly last: BoxPx;
      readonly inference: number;
      readonly start: PresenceSettings["start"];
    },
  ): boolean {
    if (this.missed(inference - 1) < MISSED_MIN || iou(box, last) >= HERE_OVERLAP) return true;
    return this.#away.add(inference, start);
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

  /** It is seen again, after it was last seen at a place. */
  found(inference: number, last: SeenPlace): void {
    const isSure = this.missed(inference - 1) < MISSED_MIN || !this.#away.isEmpty;
    this.#before = isSure ? null : last;
    this.#seenIn = inference;
    this.#isStale = false;
    this.#away.clear();
  }

  /** The way from its last place to another one in heights; Infinity where it cannot be by then. */
  way(last: SeenPlace, to: SeenPlace): number {
    const way = this.#way(last, to);
    return this.#before === null ? way : Math.min(way, this.#way(this.#before, to));
  }

  #way(last: SeenPlace, { box, atMs }: SeenPlace): number {
    const low = Math.min(last.box.height, box.height);
    const high = Math.max(last.box.height, box.height);
    const across = last.box.x + last.box.width / 2 - box.x - box.width / 2;
    const down = last.box.y + last.box.height / 2 - box.y - box.height / 2;
    const heights = Math.hypot(across, down) / high;
    if (this.#isStale) return heights;
    const seconds = Math.max(0, sinceMs(last.atMs, atMs)) / 1000;
    const reach = Math.min(REACH.most, REACH.atOnce + REACH.perSecond * seconds);
    return heights > reach || high > HEIGHT_RATIO_MAX * low ? Infinity : heights;
  }
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
