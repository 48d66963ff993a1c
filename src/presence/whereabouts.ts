/** Where an object is: what is seen again may also be a false detection near it. */
import { sinceMs } from "../core/clock.ts";
import { type BoxPx, type PointPx, type Scale, scaled } from "../core/geometry.ts";
import type { PresenceSettings, StayMotion } from "../core/presence_types.ts";
import type { SeenPlace } from "../tracking/track_types.ts";
import { timesAs, upwards } from "../tracking/likeness.ts";
import { SLOW_MS } from "../tracking/tracker.ts";
import { Detections, NewestInferences } from "./inference_counts.ts";
import { EDGE_ENTRY_REACH, ENTRY_REACH, hasEntered, isLeaving } from "./picture_edges.ts";
import { centre, heights, isLevel, wayOf, within } from "./ways.ts";

/**
 * After so many inferences without an object, or an outage as long, its return has to be confirmed; sooner
 * when it is seen weakly, and at slow rates, where much may happen between two inferences.
 */
const MISSED_MIN = { usual: 3, slow: 2 } as const;

/**
 * An object whose way leads out of the picture comes back so near to where it was, in heights; farther off
 * by the way that it makes between two inferences.
 */
const RETURN_REACH = { atOnce: 1.2, perSecond: 1 } as const;

/**
 * An object has left when it was out of the picture within so many gaps between inferences and so long:
 * on a longer way it would have been seen.
 */
const EXIT_GAPS = 2.5;
const EXIT_MS = 2000;

/**
 * What is seen once is its return, most likely, when it is as high and stands as low or reaches as high, in
 * heights: the end waits for as long as after any sighting.
 */
const ALIKE = { heightRatio: 1.15, widthRatio: 1.5, upwards: 0.07 } as const;

/**
 * The part by which the height of an object, and the level of its feet and its head, may differ more for each
 * second that it was not seen; the way to a new track not at slow rates, where it takes one for another.
 */
const GROWTH = 0.05;

/** Of one object and another, seen in the same inferences so often, neither is a false detection. */
const TOGETHER_MIN = 2;

/** It is back when it is in so many of the next inferences; the end waits for them, for a weak one not as long. */
const RETURN = { frames: 2, of: 5, ofWeak: 3 } as const;

/** The time in which a velocity is forgotten. */
const VELOCITY_SECONDS = 0.7;

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
  #first: SeenPlace;
  /** The number of the inference in which it was last seen. */
  #seenIn = 0;
  /** Pixels per second; null until it was seen twice. */
  #velocity: PointPx | null = null;
  /** Where it was seen before that. */
  #before: SeenPlace | null = null;
  /** Whether it was found higher or lower than one walks. */
  #isDoubtful = false;
  #wasDoubtful = false;
  readonly #detections = new Detections();
  /** After a while without it, not confirmed yet. */
  readonly #returned = new Detections();
  /** Where it was seen then. */
  #returnedTo: SeenPlace | null = null;
  /** In how many inferences its return may be confirmed, from the newest one on. */
  #awaitedFor: number = RETURN.of;
  /** Whether a return took the place of one that it excludes when the end was due: that is done once. */
  #isRenewed = false;
  readonly #sightings = new NewestInferences();
  #hasTrack = true;
  /** How long inferences of another thread had gone on without it. */
  #absentMs = 0;

  /**
   * @param first  where its track was first seen, perhaps weakly
   * @param motion  how it moved, where it was followed before
   */
  constructor(
    last: SeenPlace,
    { first, motion }: { readonly first: SeenPlace; readonly motion: StayMotion | null },
  ) {
    this.#last = last;
    this.#first = first;
    this.#velocity = motion?.velocity ?? null;
    this.#absentMs = motion?.absentMs ?? 0;
  }

  /** Of its centre, in pixels per second; null until it was seen twice. */
  get velocity(): PointPx | null {
    return this.#velocity;
  }

  /** Where it was last seen. */
  get last(): SeenPlace {
    return this.#last;
  }

  /** Whether a new track may be its own: it was not seen since then, or its track follows something else. */
  mayBe(track: Whereabouts): boolean {
    if (!this.#hasTrack) return true;
    return !this.#returned.isEmpty || this.#last.atMs < track.#first.atMs;
  }

  /**
   * Counts a detection with confidence.
   * @returns whether it was detected in enough of the newest inferences
   */
  detectedIn({ number, start }: Inference): boolean {
    // The one before may have been another object, or none.
    if (this.#isDoubtful && !this.#wasDoubtful) this.#detections.clear();
    return this.#detections.add(number, start);
  }

  /** Whether it came into the picture over an edge, far from where another one was. */
  isNewcomer(frame: Inference, other: SeenPlace): boolean {
    const across = this.#velocity?.x ?? 0;
    return hasEntered({ box: this.#first.box, across, reach: ENTRY_REACH }, frame) &&
      heights(this.#first.box, other.box) > within(RETURN_REACH, frame.gapMs);
  }

  /** Whether what its track has come to twice came into the picture at its edge, far from where it was. */
  #isOfNewcomer(to: SeenPlace, frame: Inference): boolean {
    const first = this.#returnedTo;
    if (first === null || first.atMs >= to.atMs || wayOf(first, to) === Infinity) return false;
    // It is back where it was: what was seen at the edge was no one.
    if (heights(to.box, this.#last.box) < heights(to.box, first.box)) return false;
    const seconds = sinceMs(first.atMs, to.atMs) / 1000;
    const across = (centre(to.box).x - centre(first.box).x) / seconds;
    if (!hasEntered({ box: first.box, across, reach: EDGE_ENTRY_REACH }, frame)) return false;
    const { box, atMs } = this.#last;
    // It may have been on its way there.
    const wentMs = Math.min(EXIT_MS, sinceMs(atMs, first.atMs));
    const expected = { ...box, x: box.x + (this.#velocity?.x ?? 0) * wentMs / 1000 };
    const way = Math.min(heights(first.box, box), heights(first.box, expected));
    return way > within(RETURN_REACH, frame.gapMs);
  }

  /**
   * Whether what its track has come to is another object, because this one has left the picture, or the other
   * one has just come into it.
   */
  isOther(to: SeenPlace, frame: Inference): boolean {
    if (this.#isOfNewcomer(to, frame)) return true;
    const { number, seen, gapMs } = frame;
    const since = sinceMs(this.#last.atMs, to.atMs);
    // In a new thread the gap is not known yet.
    const exitMs = gapMs > 0 ? Math.min(EXIT_GAPS * gapMs, EXIT_MS) : EXIT_MS;
    const unseenMs = Math.min(since, exitMs);
    const unobservedMs = Math.max(
      gapMs,
      since - gapMs * (this.missed(number) - 1) - this.#absentMs,
    );
    return isLeaving(this.#last.box, this.#velocity, { unseenMs, seen }) &&
      heights(this.#last.box, to.box) > within(RETURN_REACH, unobservedMs);
  }

  /**
   * Whether what its track has come to is the object: after a while without it, once that is confirmed.
   * @param isWeak  whether it was detected weakly
   * @param isDue  whether its stay would have ended, were its return not awaited
   */
  isBack(
    place: SeenPlace,
    frame: Inference,
    { isWeak, isDue }: { readonly isWeak: boolean; readonly isDue: boolean },
  ): boolean {
    if (isWeak && this.#isOfNewcomer(place, frame)) return false;
    const missedMin = isWeak || frame.gapMs > SLOW_MS ? MISSED_MIN.slow : MISSED_MIN.usual;
    const gaps = frame.gapMs > 0 ? sinceMs(this.#last.atMs, place.atMs) / frame.gapMs : 0;
    if (this.missed(frame.number - 1) < missedMin && gaps < missedMin + 0.5) return true;
    this.#awaitedFor = isWeak ? RETURN.ofWeak : RETURN.of;
    const before = this.#returnedTo;
    if (before !== null && wayOf(before, place) === Infinity) {
      this.#returned.clear();
      // One of the two was false: the end waits for the other one, once.
      const isOwn = frame.gapMs <= SLOW_MS && wayOf(this.#last, place) < Infinity;
      if (isDue && (this.#isRenewed || !isOwn)) return false;
      this.#isRenewed = isDue;
    }
    const beganIn = this.#returned.newest;
    this.#returnedTo = place;
    if (!this.#returned.add(frame.number, RETURN)) return false;
    // It was seen where the return began, too.
    if (before !== null && beganIn !== null) this.found(before, { ...frame, number: beganIn });
    return true;
  }

  /** Whether what is seen once is it, as far as its size and its place say, and it has not left the picture. */
  isAlike(place: SeenPlace, { seen }: Inference): boolean {
    const { box, atMs } = this.#last;
    const growth = GROWTH * Math.max(0, sinceMs(atMs, place.atMs)) / 1000;
    const isOnItsWay = (centre(place.box).x - centre(box).x) * (this.#velocity?.x ?? 0) > 0;
    if (!isOnItsWay && isLeaving(box, this.#velocity, { unseenMs: EXIT_MS, seen })) return false;
    return timesAs(box.height, place.box.height) <= ALIKE.heightRatio * (1 + growth) &&
      timesAs(box.width, place.box.width) <= ALIKE.widthRatio &&
      upwards(box, place.box) <= (ALIKE.upwards + growth) * box.height &&
      wayOf(this.#last, place) < Infinity;
  }

  /** Its track follows another object: it waits for another track. */
  loseTrack(): void {
    this.#hasTrack = false;
  }

  /** How many inferences were without it. */
  missed(inference: number): number {
    return inference - this.#seenIn;
  }

  /** Whether the next inferences may confirm that it is back. */
  isAwaited(inference: number): boolean {
    const { newest } = this.#returned;
    return newest !== null && inference - newest < this.#awaitedFor - 1;
  }

  /** Whether it was seen in an inference that is not long ago. */
  wasSeenIn(number: number): boolean {
    return this.#sightings.has(number);
  }

  /** It is seen. */
  found(place: SeenPlace, { number }: Inference): void {
    this.#seenIn = number;
    this.#sightings.add(number);
    this.#isRenewed = false;
    this.#hasTrack = true;
    this.#absentMs = 0;
    this.#returned.clear();
    this.#returnedTo = null;
    const seconds = sinceMs(this.#last.atMs, place.atMs) / 1000;
    if (seconds < 0) return;
    if (seconds > 0) this.#follow(place.box, seconds);
    this.#wasDoubtful = this.#isDoubtful;
    this.#isDoubtful = !isLevel(this.#last.box, place.box);
    this.#before = this.#last;
    this.#last = place;
  }

  /** Moves what is known to a picture of another size. */
  scale(by: Scale): void {
    this.#last = { ...this.#last, box: scaled(this.#last.box, by) };
    if (this.#before !== null) {
      this.#before = { ...this.#before, box: scaled(this.#before.box, by) };
    }
    this.#returnedTo = null;
    this.#first = { ...this.#first, box: scaled(this.#first.box, by) };
    if (this.#velocity === null) return;
    this.#velocity = { x: by.x * this.#velocity.x, y: by.y * this.#velocity.y };
  }

  /**
   * The way from its last place to where a track began in heights, or from the place before, for the last one
   * may be a false detection; Infinity where it cannot be by then.
   */
  way(track: Whereabouts, { gapMs }: Inference): number {
    const first = track.#first;
    const { box } = track.#last;
    const growth = gapMs > SLOW_MS ? 0 : GROWTH;
    const way = wayOf(this.#last, first, box, growth);
    return way < Infinity || this.#before === null ? way : wayOf(this.#before, first, box, growth);
  }

  /**
   * Whether it and a new track were seen together once at most, and it is not seen now: it may be the new
   * track, of which one detection was false, or one of its own.
   */
  isContestedBy(track: Whereabouts, { number, gapMs }: Inference): boolean {
    const first = track.#first;
    if (this.#before === null || this.missed(number) === 0 || !this.#hasTrack) return false;
    if (this.#last.atMs < first.atMs || this.#sightings.shared(track.#sightings) >= TOGETHER_MIN) {
      return false;
    }
    if (gapMs <= SLOW_MS && wayOf(this.#last, track.#last) < Infinity) return true;
    return this.#before.atMs < first.atMs && wayOf(this.#before, first) < Infinity;
  }

  #follow(box: BoxPx, seconds: number): void {
    const before = centre(this.#last.box);
    const now = centre(box);
    const newest = { x: (now.x - before.x) / seconds, y: (now.y - before.y) / seconds };
    const weight = 1 - Math.exp(-seconds / VELOCITY_SECONDS);
    const { x, y } = this.#velocity ?? newest;
    this.#velocity = { x: x + weight * (newest.x - x), y: y + weight * (newest.y - y) };
  }
}
