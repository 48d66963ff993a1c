/** Delays before reconnecting to a camera. */
import type { BoundsCode } from "./bounds/errors.ts";

/** Before the first attempt; doubles with each further one. */
const FIRST_DELAY_MS = 1000;
/** Largest relative increase of each delay: cameras that failed together do not reconnect together. */
const JITTER = 0.25;
/** A connection that delivered frames for this long resets the delays. */
export const HEALTHY_MS = 10_000;

/**
 * Wrong passwords at the usual delays since the camera last played: cameras lock the account after about
 * five, and then forbid the stream or refuse the connection.
 */
const PASSWORD_TRIES = 3;
/** Delays after further wrong passwords; the last one repeats. */
const PASSWORD_DELAYS_MS = [60_000, 5 * 60_000, 15 * 60_000] as const;
const LAST_PASSWORD_DELAY_MS = PASSWORD_DELAYS_MS[2];

/** The stream was refused, and would be again: delays grow to a minute at least. */
const REFUSED: ReadonlySet<string> = new Set<BoundsCode>([
  "STREAM_DECODE_BUDGET",
  "STREAM_PICTURE_REFUSED",
  "STREAM_TOO_LARGE",
]);
const REFUSED_DELAY_MS = 60_000;

/** Why a connection ended. */
export interface ConnectionFailure {
  readonly code: string;
  /** Delay requested by the camera (`Retry-After`), or null. */
  readonly retryAfterMs: number | null;
}

/**
 * Delays between connections: from 1 s to the maximum; to a minute where the stream is refused, and to
 * minutes where the password is wrong.
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

  /** Resets the delays, after frames for {@link HEALTHY_MS}. */
  reset(): void {
    this.#attempts = 0;
    this.#wrongPasswords = 0;
  }

  /** Milliseconds until the next attempt, after a connection that ended with this failure. */
  delayMs({ code, retryAfterMs }: ConnectionFailure): number {
    const doubled = FIRST_DELAY_MS * 2 ** Math.min(this.#attempts++, 20);
    const jitter = 1 + JITTER * this.#random();
    const isLocked = code === "STREAM_FORBIDDEN" && this.#wrongPasswords > 0;
    const isWrongPassword = code === "STREAM_UNAUTHORISED" || isLocked;
    if (isWrongPassword) this.#wrongPasswords++;
    if (isWrongPassword && this.#wrongPasswords >= PASSWORD_TRIES) {
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
