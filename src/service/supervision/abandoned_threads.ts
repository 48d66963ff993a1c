import type { Cancel, Clock } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";

/** A thread that was let go and has not ended within this time hangs. */
export const ABANDONED_AFTER_MS = 2000;

/** Threads of one place that may hang: with so many it is not filled again until one has ended. */
export const MAX_ABANDONED_PER_PLACE = 2;

/**
 * Threads that may hang in the whole process. Each may keep a core busy and holds the memory of a
 * decoder or a model, and nothing but the end of the process takes that back. One or two places with
 * {@link MAX_ABANDONED_PER_PLACE} each are their cameras' fault and leave the others alone; so many are
 * the machine's or the library's, and the rest is in danger.
 */
export const MAX_ABANDONED_THREADS = 8;

/**
 * The threads that were let go and have not ended: in JavaScript or in a native call that does not
 * return. Nothing in a process can end those.
 */
export class AbandonedThreads {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limit: number;
  readonly #onLimit: (count: number) => void;
  readonly #places = new Map<string, number>();
  readonly #waiting = new Map<string, (() => void)[]>();
  #count = 0;

  /**
   * @param parts.limit    {@link MAX_ABANDONED_THREADS}
   * @param parts.onLimit  so many hang
   */
  constructor(parts: {
    clock: Clock;
    log: Log;
    limit: number;
    onLimit: (count: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#limit = parts.limit;
    this.#onLimit = parts.onLimit;
  }

  /** How many hang: they have not ended {@link ABANDONED_AFTER_MS} after they were let go. */
  get count(): number {
    return this.#count;
  }

  /** Threads of a place that have not ended, however short a time ago they were let go. */
  of(place: string): number {
    return this.#places.get(place) ?? 0;
  }

  /**
   * A thread was let go.
   * @param ended  settles when it has ended
   */
  add(place: string, ended: Promise<void>): void {
    this.#places.set(place, this.of(place) + 1);
    let hangs = false;
    const cancel = this.#clock.after(ABANDONED_AFTER_MS, () => {
      hangs = true;
      this.#count++;
      this.#log.error("thread.abandoned", {
        worker: place,
        abandoned: this.#count,
        remedy: "It hangs and keeps its memory until Orion ends; look at what it worked on.",
      });
      if (this.#count >= this.#limit) this.#onLimit(this.#count);
    });
    void ended.then(() => {
      cancel();
      if (hangs) {
        this.#count--;
        this.#log.info("thread.ended", { worker: place, abandoned: this.#count });
      }
      this.#ended(place);
    });
  }

  /** Calls back once, when the next thread of this place has ended. */
  onEnded(place: string, run: () => void): Cancel {
    const waiting = this.#waiting.get(place) ?? [];
    this.#waiting.set(place, [...waiting, run]);
    return () => {
      const left = this.#waiting.get(place)?.filter((each) => each !== run) ?? [];
      this.#waiting.set(place, left);
    };
  }

  #ended(place: string): void {
    const left = this.of(place) - 1;
    if (left > 0) this.#places.set(place, left);
    else this.#places.delete(place);
    const waiting = this.#waiting.get(place) ?? [];
    this.#waiting.delete(place);
    for (const run of waiting) run();
  }
}
