/**
 * Holds one value; a newer one displaces it.
 *
 * Ownership is in the signatures: `put` returns the value it displaced and `take` the one it held, and
 * the caller must release it.
 */
export class Mailbox<T> {
  #held: T | null = null;

  /** The value that waits, still owned by the mailbox. */
  get held(): T | null {
    return this.#held;
  }

  /** Stores `value` and returns the one it displaced, which the caller now owns. */
  put(value: T): T | null {
    const displaced = this.#held;
    this.#held = value;
    return displaced;
  }

  /** Empties the mailbox and returns the value it held, which the caller now owns. */
  take(): T | null {
    const held = this.#held;
    this.#held = null;
    return held;
  }
}
