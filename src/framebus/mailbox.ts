/**
 * One place for one value: a newer one takes the place of the one that waits.
 *
 * Ownership is in the signatures: `put` hands back what it displaced and `take` what it held, and
 * whoever gets a value must release it.
 */
export class Mailbox<T> {
  #held: T | null = null;

  /** What waits, still owned by the mailbox. */
  get held(): T | null {
    return this.#held;
  }

  /** Stores `value` and returns the one it displaced, which the caller now owns. */
  put(value: T): T | null {
    const displaced = this.#held;
    this.#held = value;
    return displaced;
  }

  /** Empties the mailbox and returns what it held, which the caller now owns. */
  take(): T | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }
}
