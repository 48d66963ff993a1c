import { epochMs, type WallMs } from "../core/clock.ts";

/** Crockford's base 32: without I, L, O and U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const LENGTH = 26;
const RANDOM_BYTES = 10;
const RANDOM_BITS = 80n;
/** ULIDs have 128 bits. */
const LAST = (1n << 128n) - 1n;

/** Makes ULIDs, each greater than the one before, also when the wall clock is set back. */
export class UlidSource {
  readonly #randomBytes: (count: number) => Uint8Array;
  #last = 0n;

  /** @param randomBytes  as `crypto.getRandomValues` */
  constructor(randomBytes: (count: number) => Uint8Array) {
    this.#randomBytes = randomBytes;
  }

  next(at: WallMs): string {
    const random = this.#randomBytes(RANDOM_BYTES)
      .reduce((value, byte) => value << 8n | BigInt(byte), 0n);
    const value = BigInt(Math.max(0, Math.trunc(epochMs(at)))) << RANDOM_BITS | random;
    this.#last = value > this.#last ? value : this.#last + 1n;
    return base32(this.#last > LAST ? LAST : this.#last, LENGTH);
  }
}

/** Random digits of Crockford's base 32 in lower case. */
export function randomDigits(count: number, randomBytes: (count: number) => Uint8Array): string {
  return [...randomBytes(count)].map((byte) => ALPHABET.charAt(byte & 31)).join("").toLowerCase();
}

function base32(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest >>= 5n) {
    text = ALPHABET.charAt(Number(rest & 31n)) + text;
  }
  return text;
}
