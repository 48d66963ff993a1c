/** One object of one camera and detector: first a track that may become a stay, then the stay. */
import { sinceMs, type SteadyMs, type WallMs } from "../core/clock.ts";
import { assert } from "../core/assert.ts";
import type { Detection } from "../core/detector_types.ts";
import { type BoxPx, scaled, scaleOf, type SizePx, wholeOf } from "../core/geometry.ts";
import type {
  BestFrame,
  Crossing,
  Line,
  PathNorm,
  Stay,
  StayEndReason,
  StayMotion,
} from "../core/presence_types.ts";
import type { SeenPlace } from "../tracking/track_types.ts";
import { BestChoice, frameScore, type ScoredFrame } from "./best_frame.ts";
import { LineWatch } from "./lines.ts";
import { bottomCentre } from "./points.ts";
import { StayPath } from "./stay_path.ts";
import type { SeenFrame, Sighting } from "./sightings.ts";
import { Whereabouts } from "./whereabouts.ts";
import { type ZoneArea, ZoneMembership } from "./zones.ts";

/** Zones that a stay was in; beyond it the first ones are forgotten. Only zones set anew exceed it. */
const VISITED_MAX = 128;

/** A box has moved when its place or its size differs by this part of its size. */
const MOVED = 0.1;

/** The zones and lines of a camera. */
export interface SceneAreas {
  readonly zones: readonly ZoneArea[];
  readonly lines: readonly Line[];
}

/** Whose object it is. */
export interface Owner {
  readonly camera: string;
  readonly detector: string;
}

/** What a record begins with, of a new track or of a stay that is continued. */
interface Beginning {
  /** Where its track was first seen, perhaps weakly. */
  readonly first: SeenPlace;
  readonly owner: Owner;
  readonly class: string;
  readonly track: string;
  readonly startedAtMs: WallMs;
  readonly box: BoxPx;
  readonly size: SizePx;
  readonly best: BestChoice;
  readonly atMs: SteadyMs;
  readonly seenAtMs: WallMs;
  /** How it moved, where it was followed before. */
  readonly motion: StayMotion | null;
  /** null: it begins here. */
  readonly path: PathNorm | null;
}

export class StayRecord {
  readonly class: string;
  readonly track: string;
  /** The tracker's id of its present track; another one once it was found again. */
  key: string;
  /** The stay that its track was parted from, because this is another object. */
  partedFrom: StayRecord | null = null;
  /** Null until the stay has started. */
  #id: string | null = null;
  /** How long the pair had observed when it was last seen. */
  observedMs = 0;
  /** The same for its newest return that is not confirmed, and most likely its own. */
  returnedMs = -Infinity;
  /** Its newest return that is not confirmed. */
  returned: Sighting | null = null;
  /** When it was last seen. */
  atMs: SteadyMs;
  /** Whether an `update` has something to say. */
  #changed = false;
  #reportedAtMs: SteadyMs;
  #reportedBox: BoxPx;
  readonly #owner: Owner;
  readonly #startedAtMs: WallMs;
  #seenAtMs: WallMs;
  #box: BoxPx;
  #size: SizePx;
  readonly #best: BestChoice;
  readonly #membership = new ZoneMembership();
  readonly #watch = new LineWatch();
  readonly #path: StayPath;
  #current: readonly string[] = [];
  #visited: readonly string[] = [];
  readonly whereabouts: Whereabouts;

  private constructor(beginning: Beginning) {
    this.#owner = beginning.owner;
    this.class = beginning.class;
    this.track = beginning.track;
    this.key = beginning.track;
    this.whereabouts = new Whereabouts(beginning, beginning);
    this.#startedAtMs = beginning.startedAtMs;
    this.#seenAtMs = beginning.seenAtMs;
    this.#box = beginning.box;
    this.#size = beginning.size;
    this.#best = beginning.best;
    this.atMs = beginning.atMs;
    this.#reportedAtMs = beginning.atMs;
    this.#reportedBox = beginning.box;
    this.#path = new StayPath(beginning.path ?? []);
    if (beginning.path === null) this.#path.add(bottomCentre(beginning.box), beginning.size);
  }

  /** Begins with the first frame of a track. */
  static of(
    owner: Owner,
    track: string,
    { detection, frame, first }: Sighting & { readonly first: SeenPlace },
  ): StayRecord {
    return new StayRecord({
      ...{ first, motion: null },
      ...{ owner, track, class: detection.class, box: detection.box, size: frame.size },
      ...{ startedAtMs: frame.capturedAtMs, seenAtMs: frame.capturedAtMs, atMs: frame.atMs },
      ...{ best: new BestChoice(scored(detection, frame)), path: null },
    });
  }

  /** Continues a stay of another thread, which was last seen at `atMs`. */
  static resumed(stay: Stay, scene: SceneAreas, atMs: SteadyMs): StayRecord {
    const { best, size, box } = stay;
    const score = frameScore(best, { size, seen: wholeOf(size) });
    const record = new StayRecord({
      ...{ owner: stay, track: stay.track, class: stay.class, box, size, atMs },
      ...{ startedAtMs: stay.startedAtMs, seenAtMs: stay.seenAtMs, path: stay.path },
      ...{ first: { box, atMs }, motion: stay.motion ?? null },
      best: new BestChoice({ frame: best, score }, score),
    });
    record.#id = stay.id;
    for (const id of stay.zones.current) {
      const area = scene.zones.find((area) => area.id === id);
      if (area !== undefined) record.#membership.enter(area);
    }
    record.#current = record.#membership.ids;
    record.#visited = stay.zones.visited;
    record.#watch.move(scene.lines, { box, size, confirmed: true });
    return record;
  }

  /** The id of the stay; null until it has started. */
  get id(): string | null {
    return this.#id;
  }

  /** Whether it has most likely returned since it was last seen. */
  get isLikelyBack(): boolean {
    return this.returnedMs > this.observedMs;
  }

  /** How long the pair had observed when its absence began. */
  get absentFromMs(): number {
    return Math.max(this.observedMs, this.returnedMs);
  }

  /** The zones that it is in. */
  get zones(): readonly string[] {
    return this.#current;
  }

  /** Moves what is known of places to a picture of another size. */
  resize(size: SizePx): void {
    const before = this.#size;
    if (size.width === before.width && size.height === before.height) return;
    const by = scaleOf(before, size);
    this.#size = size;
    this.#box = scaled(this.#box, by);
    this.#reportedBox = scaled(this.#reportedBox, by);
    this.#best.scale(by);
    this.whereabouts.scale(by);
    this.returned = null;
  }

  /** Follows the object to where it is seen in a newer frame. @returns whether its zones changed */
  see(box: BoxPx, frame: SeenFrame, zones: readonly ZoneArea[]): boolean {
    this.atMs = frame.atMs;
    // A wall clock that was set back would give a stay of less than no time.
    const isBefore = sinceMs(this.#startedAtMs, frame.capturedAtMs) < 0;
    this.#seenAtMs = isBefore ? this.#startedAtMs : frame.capturedAtMs;
    this.#box = box;
    this.#size = frame.size;
    this.#path.add(bottomCentre(box), frame.size);
    if (hasMoved(this.#reportedBox, box)) this.#changed = true;
    return this.#place(zones);
  }

  /** The lines that it has crossed since the last call. */
  crossings(lines: readonly Line[]): readonly Pick<Crossing, "line" | "direction">[] {
    return this.#watch.move(lines, {
      box: this.#box,
      size: this.#size,
      confirmed: this.#id !== null,
    });
  }

  /** Applies changed zones and lines. @returns whether its zones changed */
  setScene({ zones, lines }: SceneAreas): boolean {
    this.#watch.retain(lines);
    const left = this.#membership.retain(zones);
    if (left) this.#zonesChanged();
    return this.#place(zones) || left;
  }

  /**
   * Considers a detection as the best frame.
   * @param asks  whether pictures are kept, so that the camera is asked first
   * @returns whether the camera is to keep the frame
   */
  consider(detection: Detection, frame: SeenFrame, asks: boolean): boolean {
    const candidate = scored(detection, frame);
    if (asks) return this.#best.request(candidate, frame.atMs);
    if (this.#best.consider(candidate)) this.#changed = true;
    return false;
  }

  /** The camera has kept a frame. */
  kept(seq: number): void {
    if (this.#best.kept(seq)) this.#changed = true;
  }

  /** The stay has started. */
  start(id: string): void {
    this.#id = id;
    this.partedFrom = null;
  }

  /** The camera is asked for the first picture of the stay, in the frame in which it started. */
  requestFirst(detection: Detection, frame: SeenFrame): BestFrame {
    this.#best.requestFirst(scored(detection, frame), frame.atMs);
    return this.#best.frame;
  }

  /** Whether there is an `update` to send. */
  isUpdateDue(nowMs: SteadyMs, intervalMs: number): boolean {
    return this.#id !== null && this.#changed && sinceMs(this.#reportedAtMs, nowMs) >= intervalMs;
  }

  /** The stay as it is now, to be sent. */
  reported(atMs: SteadyMs): Stay {
    this.#changed = false;
    this.#reportedAtMs = atMs;
    this.#reportedBox = this.#box;
    return this.stay();
  }

  /** The stay as it is now. */
  stay(reason: StayEndReason | null = null, observedMs = this.observedMs, gapMs = 0): Stay {
    assert(this.#id !== null, "the stay has not started");
    const absentMs = Math.max(0, observedMs - this.absentFromMs);
    return {
      id: this.#id,
      ...{ camera: this.#owner.camera, detector: this.#owner.detector },
      ...{ class: this.class, track: this.track, startedAtMs: this.#startedAtMs },
      ...{ seenAtMs: this.#seenAtMs, endedAtMs: reason === null ? null : this.#seenAtMs, reason },
      zones: { current: this.#current, visited: this.#visited },
      ...{ best: this.#best.frame, box: this.#box, size: this.#size, path: this.#path.points },
      motion: { velocity: this.whereabouts.velocity, absentMs, gapMs },
    };
  }

  #place(zones: readonly ZoneArea[]): boolean {
    const entered = this.#membership.move(zones, {
      ...{ class: this.class, box: this.#box, size: this.#size, atMs: this.atMs },
    });
    if (entered === null) return false;
    this.#zonesChanged();
    const news = entered.filter((id) => !this.#visited.includes(id));
    if (news.length > 0) this.#visited = [...this.#visited, ...news].slice(-VISITED_MAX);
    return true;
  }

  #zonesChanged(): void {
    this.#current = this.#membership.ids;
    this.#changed = true;
  }
}

function scored(detection: Detection, frame: SeenFrame): ScoredFrame {
  const { confidence, box } = detection;
  return {
    frame: { capturedAtMs: frame.capturedAtMs, seq: frame.seq, confidence, box },
    score: frameScore(detection, frame),
  };
}

function hasMoved(before: BoxPx, now: BoxPx): boolean {
  const across = MOVED * before.width;
  const down = MOVED * before.height;
  return Math.abs(now.x - before.x) > across || Math.abs(now.y - before.y) > down ||
    Math.abs(now.width - before.width) > across || Math.abs(now.height - before.height) > down;
}
