/** Consecutive units with a correct marker bit after which it is used again. */
const MIN_CORRECT_UNITS = 32;
/** The limit of that number, which doubles with each failure. */
const MAX_CORRECT_UNITS = 32 * 1024;

/**
 * Tracks whether a camera sets marker bits correctly. They are reliable until a picture continues after
 * one, and again once they have been on the last packet of each picture, and on no other, for a while. A
 * camera that never sets them is no special case.
 */
export class MarkerReliability {
  /** A marker bit ends a unit. */
  isReliable = true;
  #markers = 0;
  #isLastMarked = false;
  #correctUnits = 0;
  #requiredUnits = MIN_CORRECT_UNITS;

  /** Observes a packet of the open unit. */
  packet(isMarked: boolean): void {
    this.#isLastMarked = isMarked;
    if (isMarked) this.#markers++;
  }

  /** Observes the end of a unit, however it was detected. */
  unitEnded(): void {
    const isCorrect = this.#markers === 1 && this.#isLastMarked;
    this.#markers = 0;
    if (this.isReliable) return;
    this.#correctUnits = isCorrect ? this.#correctUnits + 1 : 0;
    if (this.#correctUnits >= this.#requiredUnits) this.isReliable = true;
  }

  /** A picture continued after a marker bit. */
  markUnreliable(): void {
    this.isReliable = false;
    this.#correctUnits = 0;
    this.#requiredUnits = Math.min(this.#requiredUnits * 2, MAX_CORRECT_UNITS);
  }

  reset(): void {
    this.isReliable = true;
    this.#markers = 0;
    this.#isLastMarked = false;
    this.#correctUnits = 0;
    this.#requiredUnits = MIN_CORRECT_UNITS;
  }
}
