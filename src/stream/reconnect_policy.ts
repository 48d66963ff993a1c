/** How long a camera is left alone before it is connected to again. */
import type { BoundsCode } from "./bounds/errors.ts";

/** Before the first attempt, and doubled with each that follows. */
const FIRST_DELAY_MS = 1000;
/** Each delay is up to this part longer: cameras that failed together do not come back together. */
const JITTER = 0.25;
/** A connection that gave frames for so long starts over with the first delay. */
export const HEALTHY_MS = 10_000;

/** Wrong passwords in a row that are tried at the usual pace: cameras lock the account after about five. */
const PASSWORD_TRIES = 3;
/** Then so long between one and the next, the last for ever. */
const PASSWORD_DELAYS_MS = [60_000, 5 * 60_000, 15 * 60_000] as const;
const LAST_PASSWORD_DELAY_MS = PASSWORD_DELAYS_MS[2];

/** The stream itself was refused, and will be again: delays grow up to a minute, whatever the maximum. */
const REFUSED: ReadonlySet<string> = new Set<BoundsCode>([
  "STREAM_DECODE_BUDGET",
  "STREAM_PICTURE_REFUSED",
  "STREAM_TOO_LARGE",
]);
const REFUSED_DELAY_MS = 60_000;

/** Why a connection ended. */
export interface ConnectionFailure {
  readonly code: string;
  /** How long the camera wants to be left alone (`Retry-After`), or null. */
  readonly retryAfterMs: number | null;
}

/**
 * Delays between connections: 1 s to the maximum, to a minute where the stream is refused, and minutes where
 * the password is wrong.
 */
export class ReconnectPolicy {
  readonly #maxDelayMs: number;
  readonly #random: () => number;
  #attempts = 0;
  #wrongPasswords = 0;

  /** @param parts.random  uniform in 0..1 */
  constructor(parts: { readonly maxDelayMs: number; readonly random: () => number }) {
    this.#maxDelayMs = parts.maxDelayMs;
    this.#random = parts.random;
  }

  /** Attempts since the last healthy connection. */
  get attempts(): number {
    return this.#attempts;
  }

  /** Frames came for {@link HEALTHY_MS}. */
  reset(): void {
    this.#attempts = 0;
    this.#wrongPasswords = 0;
  }

  /** Milliseconds until the next attempt, after a connection that ended so. */
  delayMs({ code, retryAfterMs }: ConnectionFailure): number {
    const doubled = FIRST_DELAY_MS * 2 ** Math.min(this.#attempts++, 20);
    const jitter = 1 + JITTER * this.#random();
    this.#wrongPasswords = code === "STREAM_UNAUTHORISED" ? this.#wrongPasswords + 1 : 0;
    if (this.#wrongPasswords >= PASSWORD_TRIES) {
      const index = this.#wrongPasswords - PASSWORD_TRIES;
      return (PASSWORD_DELAYS_MS[index] ?? LAST_PASSWORD_DELAY_MS) * jitter;
    }
    const mostMs = REFUSED.has(code)
      ? Math.max(REFUSED_DELAY_MS, this.#maxDelayMs)
      : this.#maxDelayMs;
    const usualMs = Math.min(mostMs, doubled * jitter);
    return Math.max(usualMs, retryAfterMs ?? 0);
  }
}
