/** Inferences, as they are numbered for one camera and detector. */
import type { PresenceSettings } from "../core/presence_types.ts";

/** The numbers that are remembered. */
const NEWEST = 8;

/** The newest inferences in which something was seen. */
export class NewestInferences {
  readonly #numbers: number[] = [];

  add(number: number): void {
    if (this.#numbers.at(-1) === number) return;
    this.#numbers.push(number);
    if (this.#numbers.length > NEWEST) this.#numbers.shift();
  }

  has(number: number): boolean {
    return this.#numbers.includes(number);
  }

  /** How many of them are also those of another object. */
  shared(other: NewestInferences): number {
    let shared = 0;
    for (const number of this.#numbers) if (other.has(number)) shared++;
    return shared;
  }
}

/** Counts the inferences in which something was detected with confidence. */
export class Detections {
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
