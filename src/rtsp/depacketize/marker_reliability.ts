/** Whether a camera's marker bits can be believed. */

/** Units in a row whose marker was right, until a camera that got it wrong is believed again. */
const UNITS_TO_TRUST = 32;
/** It doubles each time, up to this. */
const MAX_UNITS_TO_TRUST = 32 * 1024;

/**
 * Learns from where markers come. They are believed until a picture goes on after one, and then not
 * until they have been on the last packet of each picture, and on no other, for a while. A camera that
 * never sets them needs no learning.
 */
export class MarkerTrust {
  /** A marker ends a unit. */
  isTrusted = true;
  #markers = 0;
  #isLastMarked = false;
  #right = 0;
  #unitsToTrust = UNITS_TO_TRUST;

  /** A packet of the open unit came. */
  packet(isMarked: boolean): void {
    this.#isLastMarked = isMarked;
    if (isMarked) this.#markers++;
  }

  /** A unit has ended, by whatever sign. */
  unitEnded(): void {
    const isRight = this.#markers === 1 && this.#isLastMarked;
    this.#markers = 0;
    if (this.isTrusted) return;
    this.#right = isRight ? this.#right + 1 : 0;
    if (this.#right >= this.#unitsToTrust) this.isTrusted = true;
  }

  /** A picture went on after a marker. */
  betrayed(): void {
    this.isTrusted = false;
    this.#right = 0;
    this.#unitsToTrust = Math.min(this.#unitsToTrust * 2, MAX_UNITS_TO_TRUST);
  }

  reset(): void {
    this.isTrusted = true;
    this.#markers = 0;
    this.#isLastMarked = false;
    this.#right = 0;
    this.#unitsToTrust = UNITS_TO_TRUST;
  }
}
