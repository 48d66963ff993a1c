/** A read that took longer than this had to wait: its packet came just now. */
const AWAITED_MS = 5;

/** A time of arrival that would be longer ago than this is no arrival: the stream's times stepped. */
const MAX_WAITED_MS = 2000;

/** A packet that was just read. */
export interface Read {
  readonly nowMs: number;
  /** How long the read took. */
  readonly tookMs: number;
  /** The packet's place in the stream. */
  readonly positionMs: number;
}

/**
 * When packets arrived, also those that lay in the socket while nothing was read: by their distance in
 * the stream from the last one that was waited for.
 */
export class Arrivals {
  #awaited: { readonly atMs: number; readonly positionMs: number } | null = null;
  #lastMs = -Infinity;
  #gathered = 0;

  /** Nothing was read for a while; so many packets at most have gathered. */
  rested(packets: number): void {
    this.#gathered = packets;
  }

  /** Whether some of what gathered has yet to be read: the next packet should have come by now. */
  isBehind({ nowMs, frameMs }: { readonly nowMs: number; readonly frameMs: number }): boolean {
    return this.#gathered > 0 && this.#lastMs + frameMs <= nowMs;
  }

  /** The instant ({@link Clock.nowMs}) at which a packet arrived: never before the one before it. */
  of({ nowMs, tookMs, positionMs }: Read): number {
    this.#gathered = tookMs <= AWAITED_MS ? Math.max(0, this.#gathered - 1) : 0;
    if (this.#gathered > 0 && this.#awaited !== null) {
      const atMs = this.#awaited.atMs + positionMs - this.#awaited.positionMs;
      if (atMs < nowMs && atMs > nowMs - MAX_WAITED_MS) {
        this.#lastMs = Math.max(this.#lastMs, atMs);
        return this.#lastMs;
      }
    }
    this.#awaited = { atMs: nowMs, positionMs };
    this.#lastMs = nowMs;
    return nowMs;
  }
}
